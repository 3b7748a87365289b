import { GROUP, LINE } from '../../memory/blocks.js';
import { keepTaps } from './taps.js';
import type { MakeTiles } from './tile.js';

/**
 * The readable reference: one cyclic convolution in float64 of all inputs with the taps, one channel at a time,
 * transforming everything anew for every tile.
 */
export const referenceTiles: MakeTiles = (bank, level) => {
  const { floats, layout } = bank;
  const { units, slots, stride } = layout;
  const { filter, filterStride } = level;
  /** Every sixteenth float from `at`, followed by zeros. */
  const column = (at: number, rows: number, n: number): Complex => {
    const re = new Float64Array(n);
    for (let t = 0; t < rows; t++) re[t] = floats[at + t * GROUP];
    return { re, im: new Float64Array(n) };
  };
  return {
    prepare: keepTaps(bank, level),
    run(known, rows, count, lane, from, to) {
      // Wanted are rows ... rows + count - 1 of the product; so long, what wraps around falls before them.
      const n = 2 ** Math.ceil(Math.log2(rows + count));
      for (let u = from; u < to; u++) {
        const output = (slots + (lane * units + u) * stride + known * LINE) / 4;
        for (let c = 0; c < GROUP; c++) {
          const x = column(output - rows * GROUP + c, rows, n);
          const h = column((filter + u * filterStride) / 4 + c, rows + count, n);
          transform(x, -1);
          transform(h, -1);
          for (let k = 0; k < n; k++) {
            const product = x.re[k] * h.re[k] - x.im[k] * h.im[k];
            x.im[k] = x.re[k] * h.im[k] + x.im[k] * h.re[k];
            x.re[k] = product;
          }
          transform(x, 1);
          for (let o = 0; o < count; o++) floats[output + o * GROUP + c] += x.re[rows + o] / n;
        }
      }
    },
  };
};

export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * `X[k] = sum over j of x[j] exp(sign 2 pi i j k / n)`, in place, n a power of two: the textbook's radix-2 transform, the
 * input in bit-reversed order first, then butterflies over 2, 4, ... n points.
 */
export function transform({ re, im }: Complex, sign: 1 | -1): void {
  const n = re.length;
  for (let k = 1, reversed = 0; k < n; k++) {
    let bit = n >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed |= bit;
    if (k >= reversed) continue;
    for (const part of [re, im]) [part[k], part[reversed]] = [part[reversed], part[k]];
  }
  for (let half = 1; half < n; half *= 2) {
    for (let j = 0; j < half; j++) {
      const angle = (sign * Math.PI * j) / half;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      for (let a = j; a < n; a += 2 * half) {
        const b = a + half;
        const x = re[b] * cos - im[b] * sin;
        const y = re[b] * sin + im[b] * cos;
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}
