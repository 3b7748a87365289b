// Inputs from a seed, sums in float64, and how far apart outputs are.

/** Values uniform in [-1, 1), by xorshift32. */
export function randomFloats(seed, count) {
  let s = Math.imul(seed, 0x9e3779b1) | 1;
  return new Float32Array(count).map(() => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return s * 2 ** -31;
  });
}

/** By position: the sums over its strict past, [channel], straight from the definition. Arrays `[time, channel]`. */
export function referenceRows(filter, inputs, width, positions) {
  const rows = new Map();
  for (const t of positions) {
    const sums = new Float64Array(width);
    for (let i = 0; i < t; i++) {
      const y = i * width;
      const tap = (t - i) * width;
      for (let c = 0; c < width; c++) sums[c] += inputs[y + c] * filter[tap + c];
    }
    rows.set(t, sums);
  }
  return rows;
}

/** The largest |a - b| / |b| of a position's channels, Euclidean; NaN where there are no positions. */
export function largestDifference(rowOf, wantedOf, positions) {
  let largest = NaN;
  for (const t of positions) {
    const [row, wanted] = [rowOf(t), wantedOf(t)];
    let error = 0;
    let norm = 0;
    for (let c = 0; c < row.length; c++) {
      error += (row[c] - wanted[c]) ** 2;
      norm += wanted[c] ** 2;
    }
    const difference = Math.sqrt(error / norm);
    // Not a number is no agreement, and stays.
    if (Number.isNaN(difference)) return NaN;
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
