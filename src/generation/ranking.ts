/** The `count` most likely tokens, most likely first, equals by id; tokens without a logit (-Infinity, NaN) are left out. */
export function ranked(logits: Float32Array, count: number): Uint32Array {
  return count * 8 <= logits.length || logits.length > IDS
    ? best(logits, Math.min(count, logits.length))
    : sorted(logits).subarray(0, count);
}

/** One logit in so many makes the sample. */
const SAMPLE = 8;

/**
 * Few of many: a sorted list, into which goes what beats its last. Most of what comes early would be pushed out again, so a
 * sample of every 8th logit tells first what is worth putting in: about `count` / 8 of the best `count` are in it, with a
 * standard deviation of the square root of that. The sample's logit at two deviations more is a threshold that rarely
 * keeps out one of the best. If it did, the list is short, and is made again without a threshold.
 */
function best(logits: Float32Array, count: number): Uint32Array {
  const list = { ids: new Uint32Array(count), logits: new Float32Array(count) };
  const expectedInSample = count / SAMPLE;
  const thresholdRank = Math.ceil(expectedInSample + 2 * Math.sqrt(expectedInSample)) + 1;
  let held = 0;
  if (thresholdRank < count) {
    const sampled = insertBest(logits, SAMPLE, -Infinity, thresholdRank, list);
    const threshold = list.logits[thresholdRank - 1];
    if (sampled === thresholdRank) held = insertBest(logits, 1, threshold, count, list);
  }
  if (held < count) held = insertBest(logits, 1, -Infinity, count, list);
  return list.ids.subarray(0, held);
}

/** Lists the best `count` of every `stride`th logit, of those above `threshold`. Returns how many there are. */
function insertBest(
  logits: Float32Array,
  stride: number,
  threshold: number,
  count: number,
  { ids, logits: values }: { readonly ids: Uint32Array; readonly logits: Float32Array },
): number {
  let held = 0;
  let last = threshold;
  for (let id = 0; id < logits.length; id += stride) {
    const logit = logits[id];
    if (!(logit > last)) continue;
    let at = held < count ? held++ : count - 1;
    for (; at > 0 && values[at - 1] < logit; at--) {
      ids[at] = ids[at - 1];
      values[at] = values[at - 1];
    }
    ids[at] = id;
    values[at] = logit;
    if (held === count) last = values[count - 1];
  }
  return held;
}

/** Ids that a key has room for: more than any vocabulary has. */
const IDS = 2 ** 21;

/**
 * All of them, by the engine's own sort of numbers, which takes a third of the time of one with a comparing function. A
 * token's key is `id - order * IDS`, `order` being an integer that grows with the logit: float32 bits, with those of
 * negative numbers turned round.
 */
function sorted(logits: Float32Array): Uint32Array {
  const value = new Float32Array(1);
  const bits = new Int32Array(value.buffer);
  const keys = new Float64Array(logits.length);
  let held = 0;
  for (let id = 0; id < logits.length; id++) {
    if (!(logits[id] > -Infinity)) continue;
    // Adding 0 makes -0, which is equal to 0, the same bits.
    value[0] = 0 + logits[id];
    const order = bits[0] ^ ((bits[0] >> 31) & 0x7fffffff);
    keys[held++] = id - order * IDS;
  }
  const ranking = keys.subarray(0, held).sort();
  // A loop: `Uint32Array.from` takes as long as the sort.
  const ids = new Uint32Array(held);
  for (let k = 0; k < held; k++) ids[k] = ranking[k] - Math.floor(ranking[k] / IDS) * IDS;
  return ids;
}
