/** Where a tiled mixer has everything in one bank. */
import { keptOf } from '../kernel/index.js';
import {
  isRing,
  type LevelKind,
  type LevelPlan,
  periodOf,
  type Plan,
  recomputes,
  tilingOf,
} from '../plan/index.js';
import { assignTiles } from '../schedule/index.js';
import { layoutSlots, type BankLayout, type Spec } from './bank.js';
import { LINE, strideLines } from './blocks.js';
import { modeBytes, modeStateBytes } from './modes.js';
import type { Bump } from './bump.js';

/** Lines between spectra that are read side by side, 4 points at a time: each in cache sets of its own (see products.ts). */
const SPREAD = 4;

/** The tiles of one level. */
export interface LevelLayout {
  readonly plan: LevelPlan;
  readonly side: number;
  /** Children of a block that exist. */
  readonly children: number;
  /**
   * What a unit's tiles take of the filter, `[unit][filterStride]`. Taps 0 ... side * children - 1, `[side * children][16]`; for FFTs
   * points of their spectra, `[half][children - 1][side]`; for deferred tiles those of the taps for blocks 2 and 3 apart,
   * `[half][2][side]`; for a recurrence its coefficients.
   */
  readonly filter: number;
  readonly filterStride: number;
  /** Of a fan: spectra and sums of the current block's children, `[lane][unit][half][keptOf(children)][side]` points. */
  readonly childSpectra: number;
  readonly childSpectraStride: number;
  /** Of a recurrence: what all inputs of the blocks before have left in each mode, `[lane][unit]`, see kernel/assembly/modal.ts. */
  readonly modeStates: number;
  readonly modeStatesStride: number;
  /** From one spectrum to the next, in both: `side` points, and some more where several are read side by side. */
  readonly spectrumStride: number;
  /**
   * Where a deferred tile of which only some stages have been done waits for the others, after one another: `[half][side]`
   * points, spectra of inputs `[half][2][side]`, and of a filter that is recomputed. No bytes if tiles are done at once.
   */
  readonly flight: number;
  readonly flightBytes: number;
  /** `[unit][2]` floats of a deferred level: 1 once the filter's spectrum for that distance is there. */
  readonly ready: number;
}

/** Twiddles of sizes 4 ... side / 4 and twisted twiddles of sizes 4 ... side, for the largest FFT side. */
export interface Tables {
  readonly twiddles: number;
  readonly twisted: number;
  /** The largest FFT side, 0 if there is none. */
  readonly largest: number;
}

/**
 * Taps that spectra are made from, `[unit][tapRows][16]`, zeros after the filter's end. If no level needs taps later, only
 * one unit's are held at a time, `tapStride` being 0.
 */
export interface Taps {
  readonly taps: number;
  readonly tapStride: number;
  readonly tapRows: number;
}

/** `[thread]` areas: `[half][largest]` points, then spectra of inputs, then of filters, of a deferred or recomputed tile. */
export interface Scratch {
  readonly scratch: number;
  readonly scratchStride: number;
  readonly scratchBytes: number;
  readonly scratchSpectra: number;
  readonly scratchFilter: number;
}

export interface TiledLayout extends BankLayout, Tables, Taps, Scratch {
  readonly levels: readonly LevelLayout[];
}

/** Bytes of the twiddle tables of sizes 4, 8, ... n, `per` complex numbers an entry, n / 4 entries a size. */
export function tableBytes(n: number, per: number): number {
  return n < 4 ? 0 : per * 8 * (n / 2 - 1);
}

/** Plain data: worker threads are handed it. */
export function layoutTiled({ shape, plan, threads }: Spec, first: number, units: number): TiledLayout {
  const { length, lanes = 1 } = shape;
  const { bump, take, slots } = layoutSlots(shape, periodOf(plan), first, units);
  const tables = layoutTables(bump, plan);
  const scratch = layoutScratch(bump, plan, tables.largest, threads);
  const { staged } = assignTiles(tilingOf(plan), { threads, lanes });
  const levels = plan.levels.map((level, index) =>
    layoutLevel(level, staged.includes(index), length, units, bump, take),
  );
  const taps = layoutTaps(bump, plan, levels, length, units);
  return { ...slots, ...tables, ...scratch, ...taps, levels, bytes: bump.bytes };
}

const largestOf = (levels: readonly LevelPlan[]): number => Math.max(0, ...levels.map(({ side }) => side));

const WITHOUT_FFT: readonly LevelKind[] = ['direct', 'reference', 'recurrence'];

const isDeferred = ({ kind }: LevelPlan): boolean => kind === 'deferred';

/** From one of several spectra read side by side to the next. */
const spread = (side: number): number => (side + SPREAD) * LINE;

function layoutTables(bump: Bump, { levels }: Plan): Tables {
  const largest = largestOf(levels.filter(({ kind }) => !WITHOUT_FFT.includes(kind)));
  const twiddles = bump.take(tableBytes(largest / 4, 2));
  return { largest, twiddles, twisted: bump.take(tableBytes(largest, 4)) };
}

function layoutScratch(bump: Bump, { levels }: Plan, largest: number, threads: number): Scratch {
  const deferred = largestOf(levels.filter(isDeferred));
  const scratchSpectra = 2 * largest * LINE;
  const scratchFilter = scratchSpectra + (deferred > 0 ? 4 * spread(deferred) : 0);
  const recomputed = levels
    .filter(recomputes)
    .map((level) => (isDeferred(level) ? 4 * spread(level.side) : 2 * level.side * LINE));
  const scratchStride = scratchFilter + Math.max(0, ...recomputed);
  const scratchBytes = threads * scratchStride;
  return { scratch: bump.take(scratchBytes), scratchStride, scratchBytes, scratchSpectra, scratchFilter };
}

function layoutTaps(
  bump: Bump,
  plan: Plan,
  levels: readonly LevelLayout[],
  length: number,
  units: number,
): Taps {
  const tapRows = Math.max(
    isRing(plan) ? 0 : length,
    4 * largestOf(plan.levels.filter(isDeferred)),
    ...levels.map(({ side, children }) => side * children),
  );
  // Whether spectra are made after the filters have been set: those recomputed, and deferred ones when first used.
  const later = plan.levels.some((level) => recomputes(level) || isDeferred(level));
  const tapStride = later ? strideLines(tapRows) * LINE : 0;
  return { taps: bump.take(later ? units * tapStride : tapRows * LINE), tapStride, tapRows };
}

/** Sizes of what a unit's tiles of one level keep, in bytes. */
function sizesOf(
  level: LevelPlan,
  children: number,
): Pick<LevelLayout, 'spectrumStride' | 'filterStride' | 'childSpectraStride' | 'modeStatesStride'> {
  const { kind, side } = level;
  const none = { spectrumStride: 0, childSpectraStride: 0, modeStatesStride: 0 };
  switch (kind) {
    case 'direct':
    case 'reference':
      return { ...none, filterStride: children * side * LINE };
    case 'fft':
    case 'folding':
    case 'adjacent':
    case 'window':
      return { ...none, spectrumStride: side * LINE, filterStride: 2 * side * LINE };
    case 'fan':
      return {
        ...none,
        spectrumStride: spread(side),
        filterStride: 2 * (children - 1) * spread(side),
        childSpectraStride: 2 * keptOf(children) * spread(side),
      };
    case 'deferred':
      return { ...none, spectrumStride: spread(side), filterStride: 4 * spread(side) };
    case 'recurrence': {
      const filter = { modes: level.modes, complex: level.complex === true };
      return { ...none, filterStride: modeBytes(filter), modeStatesStride: modeStateBytes(filter) };
    }
  }
}

function layoutLevel(
  plan: LevelPlan,
  staged: boolean,
  length: number,
  units: number,
  bump: Bump,
  take: (bytes: number) => number,
): LevelLayout {
  const { side } = plan;
  const children = 'fanOut' in plan ? Math.min(plan.fanOut, Math.ceil(length / side)) : 2;
  const sizes = sizesOf(plan, children);
  const recomputed = recomputes(plan);
  const filter = bump.take(recomputed ? 0 : units * sizes.filterStride);
  const ready = isDeferred(plan) ? bump.take(units * 8) : 0;
  const flightBytes = staged ? 2 * side * LINE + (recomputed ? 2 : 1) * sizes.filterStride : 0;
  const flight = bump.take(flightBytes);
  const childSpectra = take(sizes.childSpectraStride);
  const modeStates = take(sizes.modeStatesStride);
  return { plan, side, children, ...sizes, filter, ready, flight, flightBytes, childSpectra, modeStates };
}
