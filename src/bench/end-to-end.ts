import {
  type ComputeOptions,
  DEFAULT_SAMPLING,
  generateMany,
  Generation,
  type Loaded,
  type MixingChoice,
  Sampler,
} from '../generation/index.js';
import type { MixerName } from '../mixer/index.js';
import type { LanguageModel } from '../model/index.js';
import { quantiles, type Quantiles } from './quantiles.js';
import { type Stretch, stretches } from './series.js';

/** Tokens that are generated however little time there is: fewer say nothing of the others. */
const FEWEST = 64;

/** What `measureGeneration` takes. */
export interface EndToEndOptions extends ComputeOptions, MixingChoice {
  /** Tokens to generate. */
  readonly length: number;
  readonly seed: number;
  /** The token the text starts from. */
  readonly start: number;
  /** Ends the text early after so many ms. Default: never. */
  readonly budgetMs?: number | undefined;
  /** Called now and then with the part that is done, 0 to 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** From the call up to each token, without the prompt, which mixers read in different ways, ms. */
export interface UpTo {
  readonly all: Float64Array;
  /** Without the model's steps, too: set-up, filters, mixing, drawing tokens. */
  readonly rest: Float64Array;
}

/** One text generated from nothing, timed. Milliseconds. */
export interface EndToEnd {
  readonly mixer: MixerName;
  /** Tokens there was room for. */
  readonly length: number;
  /** Tokens generated: fewer if time was up. */
  readonly tokens: number;
  readonly threads: number;
  /** From the call to the first token: filters, spectra, the first logits. */
  readonly firstTokenMs: number;
  /** From the call to the last token, of which: the model's steps, and mixing (filters that grow included). */
  readonly totalMs: number;
  readonly stepsMs: number;
  readonly mixingMs: number;
  readonly tokensPerSecond: number;
  /** Time per token after the first. */
  readonly tokenMs: Quantiles;
  /** The same by position, ms. */
  readonly stretches: readonly Stretch[];
  readonly mixerBytes: number;
  readonly upTo: UpTo;
}

/** Generates a text of exactly `length` tokens, or as many as there is time for, and times every one. */
export async function measureGeneration(model: LanguageModel, options: EndToEndOptions): Promise<EndToEnd> {
  const { mixer = 'tiled', length, threads = 1, seed, start, plan, memory, signal } = options;
  const { budgetMs = Infinity } = options;
  const generation = new Generation(model, [start], {
    count: length,
    seed,
    mixer,
    threads,
    plan,
    memory,
    signal,
  });
  const began = performance.now();
  const at = new Float64Array(length);
  const steps = new Float64Array(length);
  let n = 0;
  for await (const token of generation) {
    void token;
    steps[n] = generation.timings.steps;
    at[n++] = performance.now();
    if (n % 64 === 0) options.onProgress?.(n / length);
    if (n >= FEWEST && at[n - 1] - began > budgetMs) break;
  }
  signal?.throwIfAborted();
  const totalMs = at[n - 1] - began;
  const times = gaps(at.subarray(0, n));
  const all = at.slice(0, n).map((time) => generation.setupMs + time - at[0]);
  return {
    mixer,
    length,
    tokens: n,
    threads,
    firstTokenMs: at[0] - began,
    totalMs,
    stepsMs: generation.timings.steps,
    mixingMs: generation.timings.mixing,
    tokensPerSecond: (n / totalMs) * 1000,
    tokenMs: quantiles(times),
    stretches: stretches(times),
    mixerBytes: generation.mixerBytes,
    upTo: { all, rest: all.map((ms, k) => ms - (steps[k] - steps[0])) },
  };
}

/** Generates `lanes` texts of exactly `length` tokens side by side. Times are those of all of them together. */
export async function measureTogether(
  loaded: Loaded,
  { lanes, length, threads, seed, start, memory, signal }: Omit<EndToEndOptions, 'mixer'> & { lanes: number },
): Promise<Pick<EndToEnd, 'totalMs' | 'mixingMs'>> {
  const items = Array.from({ length: lanes }, (_, lane) => ({
    prompt: [start],
    count: length,
    seed: seed + lane,
    ignoreEos: true,
  }));
  const began = performance.now();
  const texts = generateMany(loaded, items, {
    lanes,
    threads,
    memory,
    signal,
  });
  let mixingMs = 0;
  for await (const text of texts) {
    signal?.throwIfAborted();
    if (text instanceof Error) throw text;
    // They begin and end together: each one's are the steps of all.
    mixingMs = text.timings.mixing;
  }
  return { totalMs: performance.now() - began, mixingMs };
}

/**
 * The same loop without a mixer: one step of the model and one token drawn, `length` times. What these tokens take is the
 * model's and the machine's own: no mixer can be steadier.
 */
export async function measureModelAlone(
  model: LanguageModel,
  {
    length,
    seed,
    start,
    signal,
    onProgress,
    budgetMs = Infinity,
  }: Omit<EndToEndOptions, 'mixer' | 'threads'>,
): Promise<{ readonly tokens: number; readonly tokenMs: Quantiles }> {
  const state = model.start();
  const sampler = new Sampler(DEFAULT_SAMPLING, seed);
  const at = new Float64Array(length);
  let token = start;
  let n = 0;
  const began = performance.now();
  while (n < length) {
    signal?.throwIfAborted();
    const { logits } = await model.step(state, token);
    token = sampler.sample(logits);
    at[n++] = performance.now();
    if (n % 64 === 0) onProgress?.(n / length);
    if (n >= FEWEST && at[n - 1] - began > budgetMs) break;
  }
  return { tokens: n, tokenMs: quantiles(gaps(at.subarray(0, n))) };
}

/** Milliseconds from a prompt of so many tokens to the first token after it: all positions at once, one FFT convolution a layer. */
export async function measurePrompt(
  model: LanguageModel,
  { length, threads, seed, start, memory, signal }: Omit<EndToEndOptions, 'mixer'>,
): Promise<number> {
  const ids = new Uint32Array(length).map((_, k) => (k * 7 + start) % model.config.model.vocabulary);
  const generation = new Generation(model, [...ids], { count: 1, seed, threads, memory, signal });
  const began = performance.now();
  for await (const token of generation) void token;
  signal?.throwIfAborted();
  return performance.now() - began;
}

/** Times between tokens. */
function gaps(at: Float64Array): Float64Array {
  return at.subarray(1).map((time, k) => time - at[k]);
}

/**
 * Returns how many tokens the greedy texts of the mixers have in common. Of float32 weights that must be all: throws at the first
 * token that is not the same. Products with quantised weights round their rows to 8 bits, so that sums which differ in
 * their last bit may differ by a step of that, and texts part sooner or later. Texts are as long as the first one gets in the time
 * given.
 */
export async function compareTexts(
  model: LanguageModel,
  mixers: readonly MixerName[],
  { length, threads, start, signal, budgetMs = Infinity }: Omit<EndToEndOptions, 'mixer' | 'seed'>,
): Promise<number> {
  const sampling = { ...DEFAULT_SAMPLING, temperature: 0 };
  const textOf = async (mixer: MixerName, count: number, until: number): Promise<number[]> => {
    const generation = new Generation(model, [start], { count, sampling, seed: 0, mixer, threads, signal });
    const ids: number[] = [];
    for await (const id of generation) {
      ids.push(id);
      if (ids.length >= FEWEST && performance.now() > until) break;
    }
    signal?.throwIfAborted();
    return ids;
  };
  const reference = await textOf(mixers[0], length, performance.now() + budgetMs / mixers.length);
  let agreed = reference.length;
  for (const mixer of mixers.slice(1)) {
    const ids = await textOf(mixer, reference.length, Infinity);
    const at = ids.findIndex((id, k) => id !== reference[k]);
    if (at >= 0 && model.config.weights !== undefined) agreed = Math.min(agreed, at);
    else if (at >= 0) {
      throw new Error(
        `mixers ${mixers[0]} and ${mixer} disagree: token ${at} is ${reference[at]} and ${ids[at]}`,
      );
    }
  }
  return agreed;
}
