import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Sampling {
  /** Divides the logits; 0 takes the most likely token always. */
  readonly temperature: number;
  /** Keeps the k most likely tokens; 0 keeps all. */
  readonly topK: number;
  /** Keeps the most likely tokens up to this share of the probability; 1 keeps all. */
  readonly topP: number;
}

export const DEFAULT_SAMPLING: Sampling = { temperature: 0.8, topK: 40, topP: 0.95 };

/** Draws tokens from logits: top-k, then top-p, then temperature, llama.cpp's order. */
export interface Sampler {
  /** @param logits `[vocabulary]`, not changed */
  sample(logits: Float32Array): number;
}

/**
 * The same seed draws the same tokens from the same logits.
 *
 * @param never tokens that are not drawn whatever their logits
 */
export function createSampler(sampling: Sampling, seed: number, never: readonly number[] = []): Sampler {
  if (never.length > 0) return without(never, createSampler(sampling, seed));
  const { temperature, topK, topP } = sampling;
  if (temperature === 0) return { sample: mostLikely };
  const random = xoroshiro128plus(seed);
  return {
    sample(logits) {
      let kept = ranked(logits, topK === 0 ? logits.length : topK);
      if (topP < 1) kept = nucleus(kept, logits, topP);
      return draw(kept, logits, temperature, uniformFloat64(random));
    },
  };
}

/** Draws as if the model did not have the tokens `never`. */
function without(never: readonly number[], sampler: Sampler): Sampler {
  let kept: Uint32Array | undefined;
  let logitsKept: Float32Array;
  return {
    sample(logits) {
      if (kept === undefined) {
        const out = new Set(never);
        kept = Uint32Array.from(logits.keys()).filter((id) => !out.has(id));
        logitsKept = new Float32Array(kept.length);
      }
      for (let i = 0; i < kept.length; i++) logitsKept[i] = logits[kept[i]];
      return kept[sampler.sample(logitsKept)];
    },
  };
}

/** The token of the largest logit, the first of equals. */
function mostLikely(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  return best;
}

/** The `count` most likely tokens, most likely first, equals by id. */
function ranked(logits: Float32Array, count: number): Uint32Array {
  const before = (a: number, b: number): number => logits[b] - logits[a] || a - b;
  if (count >= logits.length) return Uint32Array.from(logits.keys()).sort(before);
  // Few of many: keep a sorted list and insert what beats its last.
  const list = new Uint32Array(count);
  let held = 0;
  for (let id = 0; id < logits.length; id++) {
    if (held === count && logits[id] <= logits[list[count - 1]]) continue;
    let at = held < count ? held++ : count - 1;
    for (; at > 0 && logits[list[at - 1]] < logits[id]; at--) list[at] = list[at - 1];
    list[at] = id;
  }
  return list;
}

/** The shortest run of ranked tokens whose probabilities (among those given) reach `share`. */
function nucleus(kept: Uint32Array, logits: Float32Array, share: number): Uint32Array {
  const weights = Float64Array.from(kept, (id) => Math.exp(logits[id] - logits[kept[0]]));
  const wanted = share * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  for (let k = 0; k < kept.length; k++) {
    sum += weights[k];
    if (sum >= wanted) return kept.subarray(0, k + 1);
  }
  return kept;
}

/** Inverts the cumulative distribution of the ranked tokens at `u` in [0, 1). */
function draw(kept: Uint32Array, logits: Float32Array, temperature: number, u: number): number {
  const weights = Float64Array.from(kept, (id) => Math.exp((logits[id] - logits[kept[0]]) / temperature));
  let rest = u * weights.reduce((sum, weight) => sum + weight, 0);
  for (let k = 0; k < kept.length; k++) {
    rest -= weights[k];
    if (rest < 0) return kept[k];
  }
  return kept[kept.length - 1];
}
