/** The `count` most likely tokens, most likely first, equals by id; tokens without a logit (-Infinity, NaN) are left out. */
export function ranked(logits: Float32Array, count: number): Uint32Array {
  const few = count * SAMPLE <= logits.length ? above(logits, thresholdFor(logits, count)) : [];
  return sorted(few.length >= count ? few : above(logits, -Infinity), logits).subarray(0, count);
}

/** One logit in so many makes the sample. */
const SAMPLE = 8;

/**
 * A logit that some more than `count` are not below, most likely: of a sample of every 8th logit about `count` / 8 are among
 * the best `count`, with a standard deviation of the square root of that. This is the sample's logit at two deviations more.
 */
function thresholdFor(logits: Float32Array, count: number): number {
  const expected = count / SAMPLE;
  const best = new Float64Array(Math.ceil(expected + 2 * Math.sqrt(expected)) + 1).fill(-Infinity);
  for (let id = 0; id < logits.length; id += SAMPLE) {
    const logit = logits[id];
    if (!(logit > best[0])) continue;
    // The least of the best goes.
    let at = 1;
    for (; at < best.length && best[at] < logit; at++) best[at - 1] = best[at];
    best[at - 1] = logit;
  }
  return best[0];
}

/** Tokens whose logits are `threshold` or more, and not -Infinity. */
function above(logits: Float32Array, threshold: number): number[] {
  const ids: number[] = [];
  const add = (from: number, to: number): void => {
    for (let id = from; id < to; id++) if (logits[id] >= threshold && logits[id] > -Infinity) ids.push(id);
  };
  // Above 0, floats are in the order of their bits, which take half the time to compare; and most groups of 8 hold none.
  const bits = new Int32Array(logits.buffer, logits.byteOffset, logits.length);
  const least = bitsOf(threshold);
  const groups = threshold > 0 ? bits.length - (bits.length % 8) : 0;
  for (let k = 0; k < groups; k += 8) {
    if (
      bits[k] >= least ||
      bits[k + 1] >= least ||
      bits[k + 2] >= least ||
      bits[k + 3] >= least ||
      bits[k + 4] >= least ||
      bits[k + 5] >= least ||
      bits[k + 6] >= least ||
      bits[k + 7] >= least
    ) {
      add(k, k + 8);
    }
  }
  add(groups, logits.length);
  return ids;
}

/** Ids that a key has room for: more than any vocabulary has. */
const IDS = 2 ** 21;

const FLOAT = new Float32Array(1);
const BITS = new Int32Array(FLOAT.buffer);

function bitsOf(value: number): number {
  FLOAT[0] = value;
  return BITS[0];
}

/**
 * Some of the tokens by the engine's own sort of numbers, which takes a third of the time of one with a comparing function. A
 * token's key is `id - order * IDS`, `order` being an integer that grows with the logit: float32 bits, with those of
 * negative numbers turned round.
 */
function sorted(ids: readonly number[], logits: Float32Array): Uint32Array {
  if (logits.length > IDS) return Uint32Array.from(ids).sort((a, b) => logits[b] - logits[a] || a - b);
  const keys = new Float64Array(ids.length);
  for (let k = 0; k < ids.length; k++) {
    // Adding 0 makes -0, which is equal to 0, the same bits.
    const bits = bitsOf(0 + logits[ids[k]]);
    keys[k] = ids[k] - (bits ^ ((bits >> 31) & 0x7fffffff)) * IDS;
  }
  keys.sort();
  // A loop: `Uint32Array.from` takes as long as the sort.
  const ranking = new Uint32Array(keys.length);
  for (let k = 0; k < keys.length; k++) ranking[k] = keys[k] - Math.floor(keys[k] / IDS) * IDS;
  return ranking;
}
