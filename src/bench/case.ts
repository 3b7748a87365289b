/** One way to mix at one size: the mixer it takes, where it is measured, what it streams, and how long that is thought to take. */
import {
  type CostTable,
  type DataDependentFilter,
  fit,
  type MixerShape,
  planCost,
  type Recipe,
} from '../mixer/index.js';
import { everything, type Sampling, sampling } from './sampling.js';
import { type Baseline, choiceOf, isTiling, type Variant } from './variants.js';

/** M convolutions of D channels, L positions, B lanes. */
export type BenchShape = Required<Omit<MixerShape, 'filter'>>;

/** One way to mix at one size. */
export interface MixingCase {
  readonly variant: Variant;
  readonly shape: BenchShape;
  readonly threads: number;
}

/** What a case's mixer and its time depend on besides. */
export interface CaseOptions {
  readonly costs: CostTable;
  /** Places at which the baselines are measured, at most; all positions with `full`. Default 32. */
  readonly samples?: number | undefined;
  readonly full?: boolean | undefined;
  /** Bytes per second that one thread reads, for what a baseline is expected to take. Default: a slow machine's. */
  readonly bandwidth?: number;
  /** Bytes a mixer may hold. Default: any. */
  readonly memory?: number | undefined;
  /** Filters that depend on the data, which only lazy and binary can do. Default: such as are known in advance. */
  readonly filter?: DataDependentFilter | undefined;
}

/** Streams of more bytes than this come from memory. */
const BEYOND_CACHES = 2 ** 27;
/** Bytes per second of a slow machine's memory. */
const SLOW_MEMORY = 8e9;
/** Positions until caches hold what they will of streams that fit. */
const WARM_UPS = 12;
const SAMPLES = 32;
const FEWEST_SAMPLES = 4;
/** ms of a round, however small what is measured. */
const FIXED = 40;

/** Lays out a case's mixer. Throws a RangeError if it does not fit the memory allowed. */
export function recipeOf(
  { variant, shape, threads }: MixingCase,
  { costs, memory, filter }: Pick<CaseOptions, 'costs' | 'memory' | 'filter'>,
): Recipe {
  const choice = choiceOf(variant, shape.length, costs);
  // A mixer counts inputs and taps.
  const mixed = filter === undefined ? shape : { ...shape, convolutions: 2 * shape.convolutions, filter };
  return fit({ ...choice, shape: mixed, threads, ...(memory !== undefined && { memory }) });
}

/** Where a case is measured. */
export function samplingOf(
  { variant, shape }: Pick<MixingCase, 'variant' | 'shape'>,
  { full, samples = SAMPLES }: Pick<CaseOptions, 'full' | 'samples'>,
): Sampling {
  if (full === true || isTiling(variant)) return everything(shape.length);
  const warmUps = (position: number): number =>
    traffic(variant, shape, position) > BEYOND_CACHES ? 1 : WARM_UPS;
  return sampling(shape.length, samples, warmUps);
}

/** What a round of a case is thought to take. Throws a RangeError if its mixer does not fit the memory allowed. */
export function expectedMs(mixing: MixingCase, options: CaseOptions): Expected {
  return expected(mixing, recipeOf(mixing, options), samplingOf(mixing, options), options);
}

/** Filters made and set, and runs, ms. */
export interface Expected {
  readonly setup: number;
  readonly runs: number;
}

/** The same, of a mixer that is laid out, at some positions. */
export function expected(
  { variant, shape }: MixingCase,
  { plan }: Recipe,
  where: Sampling,
  { costs, bandwidth = SLOW_MEMORY }: CaseOptions,
): Expected {
  const { convolutions, width, length, lanes } = shape;
  const setup = FIXED + 20e-6 * length * width * convolutions;
  if (!isTiling(variant)) return { setup, runs: (1e3 * streamed(variant, shape, where)) / bandwidth };
  const cost = planCost(plan, costs);
  const ns = Number.isFinite(cost) ? cost : 100;
  return { setup, runs: 2e-6 * length * width * convolutions * lanes * ns };
}

/** Bytes that a baseline streams in a run that is measured at some positions. */
function streamed(variant: Baseline, shape: BenchShape, { measured }: Sampling): number {
  let bytes = 0;
  for (let t = 0; t < shape.length; t++) if (measured.has(t)) bytes += traffic(variant, shape, t);
  return bytes;
}

/** Places to sample baselines at, so that all of them together take no more than so many ms; never less than a few. */
export function affordableSamples(
  cases: readonly MixingCase[],
  { samples = SAMPLES, bandwidth = SLOW_MEMORY }: Pick<CaseOptions, 'samples' | 'bandwidth'>,
  ms: number,
): number {
  const bytes = (count: number): number =>
    cases.reduce(
      (sum, { variant, shape }) =>
        sum +
        (isTiling(variant)
          ? 0
          : streamed(variant, shape, samplingOf({ variant, shape }, { samples: count }))),
      0,
    );
  let count = samples;
  while (count / 2 >= FEWEST_SAMPLES && (1e3 * bytes(count)) / bandwidth > ms) count = Math.floor(count / 2);
  return count;
}

/**
 * Bytes that a baseline streams at a position: inputs and taps, 8 a product, for lazy; taps, and partial sums in and out, 12,
 * for eager.
 */
function traffic(variant: Baseline, { convolutions, width, length, lanes }: BenchShape, t: number): number {
  const products = (variant === 'lazy' ? t : length - 1 - t) * convolutions * lanes * width;
  return products * (variant === 'lazy' ? 8 : 12);
}

/** Bytes per second that a baseline streams, over positions where it streams more than caches hold. */
export function bandwidth({ variant, shape }: MixingCase, tokens: Float64Array): number | null {
  if (isTiling(variant)) return null;
  let [bytes, us] = [0, 0];
  tokens.forEach((time, t) => {
    const moved = traffic(variant, shape, t);
    if (Number.isNaN(time) || moved < BEYOND_CACHES) return;
    bytes += moved;
    us += time;
  });
  return us === 0 ? null : (bytes / us) * 1e6;
}
