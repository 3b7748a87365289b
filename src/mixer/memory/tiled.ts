/** Where a tiled mixer has everything in one bank. */
import type { Bump } from '../../webassembly/index.js';
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
import { assignTiles, tilesOf, type Level } from '../schedule/index.js';
import { layoutSlots, type BankLayout, type Spec } from './bank.js';
import { LINE, strideLines } from './blocks.js';
import { modeBytes, modeStateBytes } from './modes.js';

/** Lines between spectra that are read side by side, 4 points at a time: each in cache sets of its own (see products.ts). */
const SPREAD = 4;

/** Units whose taps are held side by side, at least: they are read from rows of all channels. */
const AREAS = 4;

/** The tiles of one level. */
export interface LevelLayout {
  readonly plan: LevelPlan;
  readonly side: number;
  /** Children of a block that exist; of a delayed level, those that have tiles. */
  readonly children: number;
  /** Positions from the end of a tile's inputs to the first of its outputs. */
  readonly delay: number;
  /**
   * What a unit's tiles take of the filter, `[unit][filterStride]`. Taps 0 ... side * children - 1, `[side * children][16]`;
   * for FFTs points of their spectra, `[half][children - 1][side]`; for delayed tiles `[half][children][side]`; for a window,
   * those of the taps for blocks 1 and 2 apart, `[2][half][side]`; for a recurrence its coefficients.
   */
  readonly filter: number;
  readonly filterStride: number;
  /**
   * Spectra of the current block's children, `[lane][unit][half][kept][side]` points: of a fan, and sums of their products,
   * `keptOf(children)`; of a delayed level, all but the last. Of a window: what the last block contributes to the next but one,
   * `[lane][unit][half][side]` points.
   */
  readonly childSpectra: number;
  readonly childSpectraStride: number;
  /** Of a recurrence: what all inputs of the blocks before have left in each mode, `[lane][unit]`, see kernel/assembly/modal.ts. */
  readonly modeStates: number;
  readonly modeStatesStride: number;
  /** From one spectrum to the next, in both: `side` points, and some more where several are read side by side. */
  readonly spectrumStride: number;
  /**
   * Where a deferred tile of which only some stages have been done waits for the others, after one another: `[half][side]`
   * points, and if they are recomputed, spectra of inputs `[half][children - 1][side]` and of the filter. No bytes if tiles are
   * done at once.
   */
  readonly flight: number;
  readonly flightBytes: number;
  /** Of a delayed level, `[unit]` floats: for how many distances the filter's spectrum is there. */
  readonly made: number;
  /** Of a delayed level, `[lane][unit]` floats: how many children were known, counted from position 0, when the last was kept. */
  readonly newest: number;
}

/** Twiddles of sizes 4 ... side / 4 and twisted twiddles of sizes 4 ... side, for the largest FFT side. */
export interface Tables {
  readonly twiddles: number;
  readonly twisted: number;
  /** The largest FFT side, 0 if there is none. */
  readonly largest: number;
}

/**
 * Taps that spectra are made from, `[unit][tapRows][16]`, zeros after the filter's end. If no level needs taps later, only those
 * of so many units of a convolution as there are `tapAreas` are held at a time; otherwise this is 0.
 */
export interface Taps {
  readonly taps: number;
  readonly tapStride: number;
  readonly tapRows: number;
  readonly tapAreas: number;
}

/** `[thread]` areas: `[half][largest]` points, then spectra of inputs, then of filters, of levels that recompute them. */
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
  const tiling = tilingOf(plan);
  const sized = plan.levels.map((level, index) => sizesOf(level, tiling[index], length));
  const scratch = layoutScratch(bump, sized, tables.largest, threads);
  const { staged } = assignTiles(tiling, { threads, lanes });
  const levels = sized.map((level, index) =>
    layoutLevel(level, staged.includes(index), lanes, units, bump, take),
  );
  const taps = layoutTaps(bump, plan, levels, length, units, threads);
  return { ...slots, ...tables, ...scratch, ...taps, levels, bytes: bump.bytes };
}

const largestOf = (levels: readonly LevelPlan[]): number => Math.max(0, ...levels.map(({ side }) => side));

const WITHOUT_FFT: readonly LevelKind[] = ['direct', 'reference', 'recurrence'];

const isDelayed = ({ kind }: LevelPlan): boolean => kind === 'delayed';

/** From one of several spectra read side by side to the next. */
const spread = (side: number): number => (side + SPREAD) * LINE;

function layoutTables(bump: Bump, { levels }: Plan): Tables {
  const largest = largestOf(levels.filter(({ kind }) => !WITHOUT_FFT.includes(kind)));
  const twiddles = bump.take(tableBytes(largest / 4, 2));
  return { largest, twiddles, twisted: bump.take(tableBytes(largest, 4)) };
}

function layoutScratch(bump: Bump, levels: readonly Sizes[], largest: number, threads: number): Scratch {
  const recomputed = levels.filter(({ plan }) => recomputes(plan));
  const inputs = recomputed.filter(({ plan }) => isDelayed(plan)).map((level) => level.childSpectraStride);
  const scratchSpectra = 2 * largest * LINE;
  const scratchFilter = scratchSpectra + Math.max(0, ...inputs);
  const scratchStride = scratchFilter + Math.max(0, ...recomputed.map((level) => level.filterStride));
  const scratchBytes = threads * scratchStride;
  return { scratch: bump.take(scratchBytes), scratchStride, scratchBytes, scratchSpectra, scratchFilter };
}

function layoutTaps(
  bump: Bump,
  plan: Plan,
  levels: readonly LevelLayout[],
  length: number,
  units: number,
  threads: number,
): Taps {
  const tapRows = Math.max(
    isRing(plan) ? 0 : length,
    ...levels.map(({ plan, side, children, delay }) =>
      isDelayed(plan) ? delay + (children + 1) * side : side * children,
    ),
  );
  // Whether spectra are made after the filters have been set: those recomputed, and delayed ones when first used.
  const later = plan.levels.some((level) => recomputes(level) || isDelayed(level));
  const tapStride = strideLines(tapRows) * LINE;
  const tapAreas = later ? 0 : Math.min(units, Math.max(threads, AREAS));
  return { taps: bump.take((tapAreas || units) * tapStride), tapStride, tapRows, tapAreas };
}

/** What follows from a level alone: children, and sizes of what a unit's tiles keep, in bytes. */
type Sizes = Omit<
  LevelLayout,
  'filter' | 'childSpectra' | 'modeStates' | 'flight' | 'flightBytes' | 'made' | 'newest'
>;

function sizesOf(plan: LevelPlan, level: Level, length: number): Sizes {
  const { side, delay = 0 } = level;
  const children = childrenOf(plan, level, length);
  return { plan, side, delay, children, ...stridesOf(plan, children) };
}

function childrenOf(plan: LevelPlan, level: Level, length: number): number {
  if (isDelayed(plan)) return Math.min(level.fanOut, tilesOf(level, length));
  // A window's tiles are for one block, and from two.
  if (plan.kind === 'window') return 3;
  return 'fanOut' in plan ? Math.min(plan.fanOut, Math.ceil(length / level.side)) : 2;
}

type Strides = Pick<
  LevelLayout,
  'spectrumStride' | 'filterStride' | 'childSpectraStride' | 'modeStatesStride'
>;

function stridesOf(level: LevelPlan, children: number): Strides {
  const { kind, side } = level;
  const none = { spectrumStride: 0, childSpectraStride: 0, modeStatesStride: 0 };
  switch (kind) {
    case 'direct':
    case 'reference':
      return { ...none, filterStride: children * side * LINE };
    case 'fft':
    case 'folding':
      return { ...none, spectrumStride: side * LINE, filterStride: 2 * side * LINE };
    case 'window':
      return { ...none, filterStride: 4 * side * LINE, childSpectraStride: 2 * side * LINE };
    case 'fan':
      return {
        ...none,
        spectrumStride: spread(side),
        filterStride: 2 * (children - 1) * spread(side),
        childSpectraStride: 2 * keptOf(children) * spread(side),
      };
    case 'delayed':
      return {
        ...none,
        spectrumStride: spread(side),
        filterStride: 2 * children * spread(side),
        childSpectraStride: 2 * (children - 1) * spread(side),
      };
    case 'recurrence': {
      const filter = { modes: level.modes, complex: level.complex === true };
      return { ...none, filterStride: modeBytes(filter), modeStatesStride: modeStateBytes(filter) };
    }
  }
}

function layoutLevel(
  sizes: Sizes,
  staged: boolean,
  lanes: number,
  units: number,
  bump: Bump,
  take: (bytes: number) => number,
): LevelLayout {
  const { plan, side, filterStride, childSpectraStride, modeStatesStride } = sizes;
  const delayed = isDelayed(plan);
  const recomputed = recomputes(plan);
  const filter = bump.take(recomputed ? 0 : units * filterStride);
  const made = bump.take(delayed ? units * 4 : 0);
  const newest = bump.take(delayed ? lanes * units * 4 : 0);
  const flightBytes = staged ? 2 * side * LINE + (recomputed ? childSpectraStride + filterStride : 0) : 0;
  const flight = bump.take(flightBytes);
  // A delayed level's can be made again from the slots: they are no part of the state.
  const childSpectra = delayed
    ? bump.take(recomputed ? 0 : lanes * units * childSpectraStride)
    : take(childSpectraStride);
  const modeStates = take(modeStatesStride);
  return { ...sizes, filter, made, newest, flight, flightBytes, childSpectra, modeStates };
}
