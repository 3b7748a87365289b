import type { MixerName, MixerShape } from '../shape.js';
import { deferredLevels, type Form } from '../schedule/index.js';
import type { LevelPlan, Plan, TauName } from '../plan/plan.js';
import { keptOf } from '../kernel/kernels.js';
import { Bump } from './bump.js';
import { groupsOf, LINE, strideLines } from './blocks.js';

/** Pages and the most of them that WebAssembly allows in one memory. */
const PAGE = 65536;
const MAXIMUM_PAGES = 65536;

/** Lines between spectra that are read side by side, 4 points at a time: each in cache sets of its own (see products.ts). */
const SPREAD = 4;

/** An array `[lane][bytes]`. */
export interface LaneArray {
  readonly at: number;
  /** Of one lane. */
  readonly bytes: number;
}

/** What every mixer has. All numbers are bytes or byte addresses in one convolution's memory, unless said. */
interface Slots {
  readonly bytes: number;
  readonly lanes: number;
  /** Channel groups. */
  readonly groups: number;
  /** All that a run leaves behind. */
  readonly state: readonly LaneArray[];
  /** One position, `[lane][group][16]`: the door to the outside. */
  readonly row: number;
  /** `[lane][group][period][16]`: slot t holds what is pending for position t until it is pushed, then y[t]. */
  readonly slots: number;
  /** Position t is in slot t modulo this: all positions, or half of them in a folded plan. */
  readonly period: number;
  /** From one group's slots to the next group's. */
  readonly stride: number;
}

export interface LazyLayout extends Slots {
  readonly name: 'lazy';
  /** `[group][time][16]`, newest tap last: row r holds tap L - 1 - r. */
  readonly taps: number;
}

export interface EagerLayout extends Slots {
  readonly name: 'eager';
  /** `[group][time][16]`: row r holds tap r. */
  readonly taps: number;
  /** `[lane][group][time][16]`: contributions of the latest inputs, not yet added to the slots. */
  readonly partial: number;
}

/** The tiles of one level. */
export interface LevelLayout {
  readonly side: number;
  /** Children of a block that exist. */
  readonly fanOut: number;
  readonly tau: TauName;
  readonly form: Form | undefined;
  readonly recompute: boolean;
  /**
   * Taps 0 ... side * fanOut - 1, `[group][side * fanOut][16]`; for FFTs `[group][half][fanOut - 1][side]` points of their
   * spectra; for deferred tiles `[group][half][2][side]`, of the taps for blocks 2 and 3 apart.
   */
  readonly filter: number;
  /** From one group's filter to the next group's. */
  readonly filterStride: number;
  /** Spectra and sums of the current block's children, `[lane][group][half][keptOf(fanOut)][side]` points. None for a fan-out of 2. */
  readonly childSpectra: number;
  readonly childSpectraStride: number;
  /** From one spectrum to the next, in both: `side` points, and some more where several are read side by side. */
  readonly spectrumStride: number;
  /**
   * Where a deferred tile of which only some stages have been done waits for the others, after one another: `[half][side]`
   * points, spectra of inputs `[half][2][side]`, and of a filter that is recomputed. No bytes if tiles are done at once.
   */
  readonly flight: number;
  readonly flightBytes: number;
  /** `[group][2]` floats of a deferred level: 1 once the filter's spectrum for that distance is there. */
  readonly ready: number;
}

export interface TiledLayout extends Slots {
  readonly name: 'tiled';
  readonly levels: readonly LevelLayout[];
  /** Twiddles of sizes 4 ... side / 4 and twisted twiddles of sizes 4 ... side, for the largest FFT side. */
  readonly twiddles: number;
  readonly twisted: number;
  /** The largest FFT side, 0 if there is none. */
  readonly largest: number;
  /**
   * Taps, `[group][tapRows][16]`, zeros after the filter's end. Where they are not needed once all spectra are made, one
   * group's at a time, `tapStride` being 0.
   */
  readonly taps: number;
  readonly tapStride: number;
  readonly tapRows: number;
  /** `[thread]` scratch areas. */
  readonly scratch: number;
  readonly scratchStride: number;
  readonly scratchBytes: number;
  /** In a scratch area, after `[half][largest]` points: spectra of inputs, then of filters, of a deferred or recomputed tile. */
  readonly scratchSpectra: number;
  readonly scratchFilter: number;
}

export type ConvolutionLayout = LazyLayout | EagerLayout | TiledLayout;

/** Bytes of the twiddle tables of sizes 4, 8, ... n, `per` complex numbers an entry, n / 4 entries a size. */
export function tableBytes(n: number, per: number): number {
  return n < 4 ? 0 : per * 8 * (n / 2 - 1);
}

/** Where everything is in one convolution's memory. Plain data: worker threads compute the same. */
export function layoutConvolution(
  name: MixerName,
  shape: MixerShape,
  plan: Plan,
  threads: number,
): ConvolutionLayout {
  const bump = new Bump();
  const groups = groupsOf(shape.width);
  const { lanes = 1, length } = shape;
  const row = bump.take(lanes * groups * LINE);
  const period = name === 'tiled' && plan.folded ? plan.levels[plan.levels.length - 1].side : length;
  const stride = strideLines(period) * LINE;
  const state: LaneArray[] = [];
  /** An array that is part of the state. */
  const take = (bytes: number): number => {
    const at = bump.take(lanes * bytes);
    if (bytes > 0) state.push({ at, bytes });
    return at;
  };
  const slots = take(groups * stride);
  const common = { lanes, groups, state, row, slots, period, stride };
  if (name === 'lazy') {
    const taps = bump.take(groups * stride);
    return { name, ...common, taps, bytes: bump.bytes };
  }
  if (name === 'eager') {
    const taps = bump.take(groups * stride);
    const partial = take(groups * stride);
    return { name, ...common, taps, partial, bytes: bump.bytes };
  }
  const largestOf = (levels: readonly LevelPlan[]): number => Math.max(0, ...levels.map(({ side }) => side));
  const largest = largestOf(plan.levels.filter(({ tau }) => tau === 'fft'));
  const deferred = largestOf(plan.levels.filter(({ form }) => form === 'deferred'));
  const twiddles = bump.take(tableBytes(largest / 4, 2));
  const twisted = bump.take(tableBytes(largest, 4));
  const recomputed = plan.levels.filter(({ recompute }) => recompute);
  const spectraBytes = (level: LevelPlan): number =>
    level.form === 'deferred' ? 4 * spread(level.side) : 2 * level.side * LINE;
  const scratchSpectra = 2 * largest * LINE;
  const scratchFilter = scratchSpectra + (deferred > 0 ? 4 * spread(deferred) : 0);
  const scratchStride = scratchFilter + Math.max(0, ...recomputed.map(spectraBytes));
  const scratchBytes = threads * scratchStride;
  const scratch = bump.take(scratchBytes);
  const { far } = deferredLevels(plan.levels);
  // Where one thread does them all.
  const staged = threads <= 2 && lanes === 1;
  const levels = plan.levels.map((level, index) =>
    layoutLevel(level, staged && far.includes(index), length, groups, bump, take),
  );
  const tapRows = Math.max(length, 4 * deferred, ...levels.map(({ side, fanOut }) => side * fanOut));
  const tapStride = keepsTaps(plan) ? strideLines(tapRows) * LINE : 0;
  const taps = bump.take(tapStride > 0 ? groups * tapStride : tapRows * LINE);
  return {
    name,
    ...common,
    levels,
    twiddles,
    twisted,
    largest,
    taps,
    tapStride,
    tapRows,
    scratch,
    scratchStride,
    scratchBytes,
    scratchSpectra,
    scratchFilter,
    bytes: bump.bytes,
  };
}

/** Whether a plan makes spectra after the filters have been set: those recomputed, and deferred ones when first used. */
function keepsTaps({ levels }: Plan): boolean {
  return levels.some(({ recompute, form }) => recompute || form === 'deferred');
}

/** From one of several spectra read side by side to the next. */
function spread(side: number): number {
  return (side + SPREAD) * LINE;
}

function layoutLevel(
  { side, fanOut, tau, form, recompute }: LevelPlan,
  staged: boolean,
  length: number,
  groups: number,
  bump: Bump,
  take: (bytes: number) => number,
): LevelLayout {
  const children = form === undefined ? Math.min(fanOut, Math.ceil(length / side)) : fanOut;
  const distances = form === 'deferred' ? 2 : children - 1;
  const spectrumStride = distances > 1 ? spread(side) : side * LINE;
  const filterStride = tau === 'fft' ? 2 * distances * spectrumStride : children * side * LINE;
  const childSpectraStride =
    tau === 'fft' && form === undefined && distances > 1 ? 2 * keptOf(children) * spectrumStride : 0;
  const filter = bump.take(recompute ? 0 : groups * filterStride);
  const ready = form === 'deferred' ? bump.take(groups * 8) : 0;
  const flightBytes = staged ? 2 * side * LINE + (recompute ? 2 : 1) * filterStride : 0;
  const flight = bump.take(flightBytes);
  const childSpectra = take(groups * childSpectraStride);
  return {
    side,
    fanOut: children,
    tau,
    form,
    recompute: recompute === true,
    filter,
    filterStride,
    childSpectra,
    childSpectraStride,
    spectrumStride,
    flight,
    flightBytes,
    ready,
  };
}

/** Whether a memory can be that large. */
export function fitsPages({ bytes }: { readonly bytes: number }): boolean {
  return bytes <= MAXIMUM_PAGES * PAGE;
}

/** Memory pages for a layout. Throws a RangeError with the figures if a memory cannot be that large. */
export function pagesFor(layout: { readonly bytes: number }, what: string): number {
  if (!fitsPages(layout)) {
    const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
    throw new RangeError(
      `${what} needs ${layout.bytes} bytes (${gib(layout.bytes)} GiB), ` +
        `more than the ${gib(MAXIMUM_PAGES * PAGE)} GiB one WebAssembly memory can hold`,
    );
  }
  return Math.ceil(layout.bytes / PAGE);
}

/** Bytes of a number of pages. */
export function pageBytes(pages: number): number {
  return pages * PAGE;
}
