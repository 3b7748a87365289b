/** What a token costs, laid open: the model's step against the bytes it reads, and what else a token takes. */
import { DEFAULT_SAMPLING, Sampler } from '../generation/index.js';
import { measureBandwidth } from '../mixer/index.js';
import { type LanguageModel, timeNodes } from '../model/index.js';
import { type EndToEnd, type EndToEndOptions, measureGeneration } from './end-to-end.js';
import { quantiles } from './quantiles.js';

/** Steps that are timed one by one: of large models, as many as there is time for. */
const STEPS = 400;
const FEWEST = 20;
/** In ms. */
const BUDGET = 5000;

/** Times in us. Of the step, medians, on the threads that the model was loaded with. */
export interface StepCost {
  /** Of a weight of the matrices: 32, 8 or 4. */
  readonly bits: number;
  /** Values of weights that a token is computed with, and the bytes they are stored in. */
  readonly parameters: number;
  readonly bytes: number;
  /** At which the machine reads that many, bytes per second, one thread. */
  readonly bandwidth: number;
  /** What reading them takes; no step on one thread is faster. */
  readonly floorUs: number;
  /** The model's step, nothing else. */
  readonly stepUs: number;
  /** A step of the same nodes over next to no channels: calls, nodes, the model's state. */
  readonly nodesUs: number;
  /** Drawing a token by the default sampling. */
  readonly samplingUs: number;
  readonly text: TokenCost;
}

/** What a token took in a text, on average; in us. */
export interface TokenCost {
  readonly length: number;
  readonly threads: number;
  readonly tokenUs: number;
  readonly stepUs: number;
  readonly mixingUs: number;
  /** Sampling and all else. */
  readonly restUs: number;
}

/** Measures the parts of a token on the CPU, and then a text of `length` tokens. */
export async function measureStep(
  model: LanguageModel,
  options: Omit<EndToEndOptions, 'mixer'>,
): Promise<StepCost> {
  const { parameters, bytes } = weightsRead(model);
  const { best: bandwidth } = await measureBandwidth(bytes, 60);
  const { seed, start, signal } = options;
  const state = model.start();
  const sampler = new Sampler(DEFAULT_SAMPLING, seed);
  const [steps, draws] = [new Float64Array(STEPS), new Float64Array(STEPS)];
  let token = start;
  let timed = 0;
  const warm = performance.now() + BUDGET / 5;
  for (let n = -20; n < STEPS; n++) {
    signal?.throwIfAborted();
    if (n < 0 && performance.now() > warm) n = 0;
    if (n >= FEWEST && performance.now() > warm + BUDGET) break;
    const began = performance.now();
    const { logits } = await model.step(state, token);
    const stepped = performance.now();
    token = sampler.sample(logits);
    if (n < 0) continue;
    steps[n] = stepped - began;
    draws[n] = performance.now() - stepped;
    timed = n + 1;
  }
  const nodes = await timeNodes(model.config, model.tensors.has('head'), STEPS);
  const us = (times: Float64Array, count = times.length): number =>
    1000 * quantiles(times.subarray(0, count)).p50;
  return {
    bits: model.config.weights?.bits ?? 32,
    parameters,
    bytes,
    bandwidth,
    floorUs: (bytes / bandwidth) * 1e6,
    stepUs: us(steps, timed),
    nodesUs: us(nodes),
    samplingUs: us(draws, timed),
    text: costOf(await measureGeneration(model, options)),
  };
}

function costOf({ length, threads, totalMs, firstTokenMs, stepsMs, mixingMs }: EndToEnd): TokenCost {
  // The first token is drawn from a prompt's logits; its step is among the others'.
  const each = (ms: number): number => (1000 * ms) / length;
  return {
    length,
    threads,
    tokenUs: each(totalMs - firstTokenMs),
    stepUs: each(stepsMs),
    mixingUs: each(mixingMs),
    restUs: each(totalMs - firstTokenMs - stepsMs - mixingMs),
  };
}

/** The weights that a step reads whole: all but filters, and embeddings that are not the head, of which it reads a row. */
function weightsRead({ tensors, config }: LanguageModel): { parameters: number; bytes: number } {
  const headed = tensors.has('head');
  let [parameters, bytes] = [0, 0];
  for (const [name, { dtype, dims }] of tensors) {
    if (name.startsWith('filter.') || (headed && /^embeddings(\.scales)?$/.test(name))) continue;
    const stored = dims.reduce((product, dim) => product * dim, 1);
    bytes += dtype === 'U8' ? stored : 4 * stored;
    if (name.endsWith('.scales')) continue;
    parameters += dtype === 'U8' && name !== 'embeddings' ? (stored * 8) / config.weights!.bits : stored;
  }
  return { parameters, bytes };
}
