/** The `count` most likely tokens, most likely first, equals by id; tokens without a logit (-Infinity) are left out. */
export function ranked(logits: Float32Array, count: number): Uint32Array {
  return count * 8 <= logits.length || logits.length > IDS
    ? best(logits, Math.min(count, logits.length))
    : sorted(logits).subarray(0, count);
}

/** Every so manieth logit is looked at first. */
const SAMPLE = 8;

/**
 * Few of many: a sorted list, into which goes what beats its last. Most of what comes early would be pushed out again, so a
 * sample tells first what is worth putting in.
 */
function best(logits: Float32Array, count: number): Uint32Array {
  const list = { ids: new Uint32Array(count), logits: new Float32Array(count) };
  // About so many of the sample are among the best, and with two standard deviations more, rarely too few are better.
  const share = count / SAMPLE;
  const few = Math.ceil(share + 2 * Math.sqrt(share)) + 1;
  let held = 0;
  if (few < count) {
    const sampled = insertBest(logits, SAMPLE, -Infinity, few, list);
    if (sampled === few) held = insertBest(logits, 1, list.logits[few - 1], count, list);
  }
  if (held < count) held = insertBest(logits, 1, -Infinity, count, list);
  return list.ids.subarray(0, held);
}

/** Lists the best `count` of every `stride`th logit, of those above `floor`. Returns how many there are. */
function insertBest(
  logits: Float32Array,
  stride: number,
  floor: number,
  count: number,
  { ids, logits: values }: { readonly ids: Uint32Array; readonly logits: Float32Array },
): number {
  let held = 0;
  let last = floor;
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
 * All: a number for each, made of the logit's bits and the id, so that the engine's own sort puts them in order; a
 * comparing function would take three times as long.
 */
function sorted(logits: Float32Array): Uint32Array {
  const value = new Float32Array(1);
  const bits = new Int32Array(value.buffer);
  const keys = new Float64Array(logits.length);
  let held = 0;
  for (let id = 0; id < logits.length; id++) {
    if (!(logits[id] > -Infinity)) continue;
    // Of negative floats, the larger has the smaller bits; and 0 + -0 is 0.
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
