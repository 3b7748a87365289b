import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { BundleError } from '../format/index.js';
import type { Tokenizer } from '../text/index.js';
import { checkSampling, seed as checkSeed } from './options.js';
import { ranked } from './ranking.js';
import { seededState } from './seed.js';

/** How tokens are drawn, in the order in which it is applied: llama.cpp's. */
export interface Sampling {
  /** Divides positive logits of recent tokens and multiplies negative ones, once per token; 1 does nothing. */
  readonly repeatPenalty: number;
  /** How many tokens are recent, the prompt's included; -1: all. */
  readonly repeatLastN: number;
  /** Keeps the k most likely tokens; 0 keeps all. */
  readonly topK: number;
  /** Keeps the most likely tokens up to this share of the probability; 1 keeps all. */
  readonly topP: number;
  /** Keeps tokens that are at least this probable relative to the most likely one; 0 keeps all. */
  readonly minP: number;
  /** Divides the logits; 0 takes the most likely token always. */
  readonly temperature: number;
}

/** What tokens are drawn with where nothing else is asked for. */
export const DEFAULT_SAMPLING: Sampling = {
  repeatPenalty: 1,
  repeatLastN: 64,
  topK: 40,
  topP: 0.95,
  minP: 0,
  temperature: 0.8,
};

/** What a text is drawn with where nothing else is asked for: words that were just used are made less likely. */
export function defaultSampling({ isOfWords }: Pick<Tokenizer, 'isOfWords'>): Sampling {
  return isOfWords ? { ...DEFAULT_SAMPLING, repeatPenalty: 1.1 } : DEFAULT_SAMPLING;
}

/** The defaults, with what each of the given ones sets in place of what those before it set. */
export function samplingOf(...given: readonly (Partial<Sampling> | undefined)[]): Sampling {
  const set = given.flatMap((some) => Object.entries(some ?? {}).filter(([, value]) => value !== undefined));
  return { ...DEFAULT_SAMPLING, ...Object.fromEntries(set) };
}

/** What a sampler goes on from. */
export interface SamplerOptions {
  /** Tokens that are not drawn whatever their logits. */
  readonly never?: readonly number[];
  /** The tokens so far, for the penalty. */
  readonly history?: readonly number[];
  /** Goes on from a sampler's `random` instead of starting from the seed. */
  readonly random?: readonly number[];
}

/** Tokens that can be drawn, most likely first, and how likely each is. */
export interface Candidates {
  readonly ids: Uint32Array;
  /** Not normalised; the first one's is 1. */
  readonly weights: Float64Array;
}

/** Draws tokens from logits. The same seed draws the same tokens from the same logits. */
export class Sampler {
  private readonly generator: ReturnType<typeof xoroshiro128plusFromState>;
  private readonly recent: RecentTokens;
  private readonly never: readonly number[];
  /** Logits after the penalty, `[vocabulary]`. */
  private scores = new Float32Array(0);

  constructor(
    private readonly sampling: Sampling,
    seed: number,
    { never = [], history = [], random }: SamplerOptions = {},
  ) {
    checkSampling(sampling);
    checkSeed(seed, 'seed');
    this.generator = xoroshiro128plusFromState(random ?? seededState(seed));
    this.never = never;
    this.recent = new RecentTokens(sampling.repeatPenalty === 1 ? 0 : sampling.repeatLastN);
    for (const id of history) this.recent.add(id);
  }

  /** The generator's state: with it and the tokens so far, another sampler goes on as this one would. */
  get random(): readonly number[] {
    return this.generator.getState();
  }

  /**
   * Draws a token. Throws a BundleError where there is none to draw: a model whose logits are no numbers, or infinite.
   *
   * @param logits `[vocabulary]`, not changed
   */
  sample(logits: Float32Array): number {
    const token =
      this.sampling.temperature === 0
        ? mostLikely(this.penalised(logits))
        : draw(this.candidates(logits), uniformFloat64(this.generator));
    this.recent.add(token);
    return token;
  }

  /** What the next token is drawn from. The arrays are the caller's. */
  candidates(logits: Float32Array): Candidates {
    const { topK, topP, minP, temperature } = this.sampling;
    const scores = this.penalised(logits);
    let ids = ranked(scores, topK === 0 ? scores.length : topK);
    checkBest(scores, ids[0]);
    if (topP < 1) ids = nucleus(ids, scores, topP);
    if (minP > 0) ids = probable(ids, scores, minP);
    return { ids, weights: weightsOf(ids, scores, temperature) };
  }

  /** The logits with the penalty, and none at all for tokens that are never drawn. */
  private penalised(logits: Float32Array): Float32Array {
    if (this.scores.length !== logits.length) this.scores = new Float32Array(logits.length);
    const { scores } = this;
    const { repeatPenalty } = this.sampling;
    scores.set(logits);
    for (const id of this.recent.distinct()) {
      scores[id] = scores[id] > 0 ? scores[id] / repeatPenalty : scores[id] * repeatPenalty;
    }
    for (const id of this.never) scores[id] = -Infinity;
    return scores;
  }
}

/** The last `size` tokens, and which they are; of size -1, all. */
class RecentTokens {
  private readonly order: number[] = [];
  private readonly counts = new Map<number, number>();
  private next = 0;

  constructor(private readonly size: number) {}

  add(id: number): void {
    const { order, counts, size, next } = this;
    if (size === 0) return;
    counts.set(id, (counts.get(id) ?? 0) + 1);
    if (size < 0) return;
    if (order.length === size) {
      const oldest = order[next];
      const left = counts.get(oldest)! - 1;
      if (left === 0) counts.delete(oldest);
      else counts.set(oldest, left);
    }
    order[next] = id;
    this.next = (next + 1) % size;
  }

  distinct(): Iterable<number> {
    return this.counts.keys();
  }
}

/** The token of the largest logit, the first of equals. */
function mostLikely(logits: Float32Array): number {
  let best = -1;
  let largest = -Infinity;
  for (let id = 0; id < logits.length; id++) {
    if (logits[id] > largest) {
      best = id;
      largest = logits[id];
    }
  }
  checkBest(logits, best);
  return best;
}

/** The largest logit must be one that a probability follows from. */
function checkBest(logits: Float32Array, best: number | undefined): void {
  if (best !== undefined && Number.isFinite(logits[best])) return;
  const got = best === undefined || best < 0 ? 'none' : String(logits[best]);
  throw new BundleError({ file: 'logits', expected: 'a finite number for some token', got });
}

/** `exp((logit - the first one's) / temperature)` of ranked tokens. */
function weightsOf(ids: Uint32Array, logits: Float32Array, temperature = 1): Float64Array {
  // A loop: `Float64Array.from` takes longer than all else here.
  const weights = new Float64Array(ids.length);
  const first = logits[ids[0]];
  for (let k = 0; k < ids.length; k++) weights[k] = Math.exp((logits[ids[k]] - first) / temperature);
  return weights;
}

/** The shortest run of ranked tokens whose probabilities (among those given) reach `share`. */
function nucleus(ids: Uint32Array, logits: Float32Array, share: number): Uint32Array {
  const weights = weightsOf(ids, logits);
  const wanted = share * sumOf(weights);
  let sum = 0;
  for (let k = 0; k < ids.length; k++) {
    sum += weights[k];
    if (sum >= wanted) return ids.subarray(0, k + 1);
  }
  return ids;
}

/** The ranked tokens with at least `share` of the first one's probability. */
function probable(ids: Uint32Array, logits: Float32Array, share: number): Uint32Array {
  const least = logits[ids[0]] + Math.log(share);
  const end = ids.findIndex((id) => logits[id] < least);
  return end < 0 ? ids : ids.subarray(0, end);
}

/** Inverts the cumulative distribution at `u` in [0, 1). */
function draw({ ids, weights }: Candidates, u: number): number {
  let rest = u * sumOf(weights);
  for (let k = 0; k < ids.length; k++) {
    rest -= weights[k];
    if (rest < 0) return ids[k];
  }
  return ids[ids.length - 1];
}

function sumOf(values: Float64Array): number {
  // A loop: `reduce` leaves a number on the heap for each sum on the way.
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k];
  return sum;
}
