/** Mixing by length, and where tilings become faster than lazy: read from the first positions of longer runs. */
import { type Crossing, crossing, type Lead } from './crossover.js';
import { curveOf, firstPositions } from './curve.js';
import { estimate } from './estimate.js';
import { type BenchShape, expectedMs } from './case.js';
import { type MixingOptions, MixingRounds, type MixingRuns } from './mixing.js';
import type { LengthRow } from './report.js';
import { isTiling, type Tiling, type Variant } from './variants.js';

/** Of the runs that every position of is measured in. */
const LONGEST = 8192;
const ROUNDS = 9;
/** Rounds there is to be time for, of some ms more in all than what is measured takes. */
const ENOUGH = 3;
const BESIDES = 200;

/** Mixing by length, by powers of two, and by each tiling where it becomes faster than lazy. */
export interface Lengths {
  readonly rows: readonly LengthRow[];
  readonly crossings: Readonly<Partial<Record<Tiling, Crossing | null>>>;
}

/** Runs shorter than those of `shape`, measured at every position: as long as there is time for. */
export function lengthRounds(
  variants: readonly Variant[],
  shape: BenchShape,
  options: MixingOptions & { readonly budgetMs: number },
): MixingRounds {
  const casesOf = (length: number): Parameters<typeof expectedMs>[0][] =>
    variants
      .filter((variant) => variant !== 'eager')
      .map((variant) => ({ variant, shape: { ...shape, length }, threads: 1 }));
  const whole = { ...options, full: true, rounds: ROUNDS, compiled: true };
  const takes = (length: number): number =>
    casesOf(length).reduce((sum, each) => sum + expectedMs(each, whole).runs, 0);
  let length = 2 ** Math.floor(Math.log2(Math.min(shape.length, LONGEST)));
  while (length > 2 && BESIDES + ENOUGH * takes(length) > options.budgetMs) length /= 2;
  return new MixingRounds(casesOf(length), whole);
}

/**
 * What the first positions take, by powers of two and all those in between.
 *
 * @param short runs that are measured at every position
 * @param long runs of the same mixers that are longer, which tell of lengths beyond
 * @param wander see `estimate`
 */
export function lengthsOf(
  short: readonly MixingRuns[],
  long: readonly MixingRuns[],
  wander: number,
): Lengths {
  const times = short.map(timesOf);
  const known = times[0]?.lengths.at(-1) ?? 0;
  const beyond = long
    .filter(({ variant }) => variant !== 'eager')
    .map(timesOf)
    .map((each) => ({ ...each, lengths: each.lengths.filter((length) => length > known) }));
  const rows = [times, beyond].flatMap((all) => {
    const lazy = new Set(all.find(({ runs }) => runs.variant === 'lazy')?.lengths);
    return all.flatMap(({ runs: { variant, shape }, estimated, lengths, at }) =>
      lengths
        .filter((length) => length < shape.length || length === known)
        .filter((length) => lazy.size === 0 || lazy.has(length))
        .filter((length) => Number.isInteger(Math.log2(length)) && length > 1)
        .map((length): LengthRow => {
          const warmMs = estimate(at(length), wander);
          return { variant, shape: { ...shape, length }, of: shape.length, warmMs, estimated };
        }),
    );
  });
  const leads = (tiling: Tiling, all: readonly Times[]): Lead[] => {
    const of = (wanted: Variant): Times | undefined => all.find(({ runs }) => runs.variant === wanted);
    const [lazy, own] = [of('lazy'), of(tiling)];
    if (lazy === undefined || own === undefined) return [];
    const both = new Set(own.lengths);
    return lazy.lengths
      .filter((length) => both.has(length))
      .map((length) => {
        const [slow, fast] = [lazy.at(length), own.at(length)];
        // Whoever had more rounds was faster: pairs are of the same rounds.
        return { length, ratios: slow.slice(0, fast.length).map((ms, k) => ms / fast[k]) };
      });
  };
  const found = (tiling: Tiling): Crossing | null => {
    const near = leads(tiling, times);
    return crossing(near) ?? crossing([...near, ...leads(tiling, beyond)]);
  };
  const tilings = [...new Set([...times, ...beyond].map(({ runs }) => runs.variant))].filter(isTiling);
  return {
    rows: rows.sort((a, b) => a.shape.length - b.shape.length),
    crossings: Object.fromEntries(tilings.map((tiling) => [tiling, found(tiling)])),
  };
}

/** Of each round, ms up to a position. */
interface Times {
  readonly runs: MixingRuns;
  readonly estimated: boolean;
  readonly lengths: readonly number[];
  readonly at: (length: number) => number[];
}

function timesOf(runs: MixingRuns): Times {
  const { variant, sampling, tokens, shape } = runs;
  if (sampling.strata.length > 0) {
    const curves = tokens.map((us) => curveOf(us, sampling));
    const points = curves[0].map(({ position }) => position);
    return {
      runs,
      estimated: true,
      lengths: points,
      at: (length) => curves.map((curve) => curve[points.indexOf(length)].ms),
    };
  }
  const each = tokens.map((us) => firstPositions(us, isTiling(variant)));
  return {
    runs,
    estimated: false,
    lengths: Array.from({ length: shape.length }, (_, t) => t + 1),
    at: (length) => each.map((ms) => ms[length - 1]),
  };
}
