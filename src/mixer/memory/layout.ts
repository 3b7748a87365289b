import type { MixerName, MixerShape } from '../mixer.js';
import type { LevelPlan, Plan, TauName } from '../plan/plan.js';
import { Bump } from './bump.js';
import { groupsOf, LINE, strideLines } from './blocks.js';

/** Pages and the most of them that WebAssembly allows in one memory. */
const PAGE = 65536;
const MAXIMUM_PAGES = 65536;

/** Lines between spectra that are read side by side, 4 at a time: each in cache sets of its own (see `convolveSum`). */
const SPREAD = 4;

/** What every mixer has. All numbers are bytes or byte addresses in one layer's memory, unless said. */
interface Slots {
  readonly bytes: number;
  /** Channel groups. */
  readonly groups: number;
  /** One position, `[group][16]`: the door to the outside. */
  readonly row: number;
  /** `[group][time][16]`: slot t holds what is pending for position t until it is pushed, then y[t]. */
  readonly slots: number;
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
  /** `[group][time][16]`: contributions of the latest inputs, not yet added to the slots. */
  readonly partial: number;
}

/** The tiles of one level. */
export interface LevelLayout {
  readonly side: number;
  /** Children of a block that exist. */
  readonly fanOut: number;
  readonly tau: TauName;
  /** Taps 0 ... side * fanOut - 1, `[group][side * fanOut][16]`; for FFTs `[group][half][fanOut - 1][side]` points of their spectra. */
  readonly filter: number;
  /** From one group's filter to the next group's. */
  readonly filterStride: number;
  /** Spectra of the current block's children, `[group][half][fanOut - 1][side]` points. None for a fan-out of 2. */
  readonly spectra: number;
  readonly spectraStride: number;
  /** From one spectrum to the next, in both: `side` points, and some more where several are read side by side. */
  readonly spectrumStride: number;
}

export interface TiledLayout extends Slots {
  readonly name: 'tiled';
  readonly levels: readonly LevelLayout[];
  /** Twiddles of sizes 4 ... side / 4 and twisted twiddles of sizes 4 ... side, for the largest FFT side. */
  readonly plain: number;
  readonly twisted: number;
  /** The largest FFT side, 0 if there is none. */
  readonly largest: number;
  /** Taps of one group while its filter is being set, `[largest block][16]`. */
  readonly staging: number;
  readonly stagingRows: number;
  /** `[thread]` scratch areas for the points of half a group at the largest side. */
  readonly scratch: number;
  readonly scratchStride: number;
  readonly scratchBytes: number;
}

export type LayerLayout = LazyLayout | EagerLayout | TiledLayout;

/** Bytes of the twiddle tables of sizes 4, 8, ... n, `per` complex numbers an entry, n / 4 entries a size. */
export function tableBytes(n: number, per: number): number {
  return n < 4 ? 0 : per * 8 * (n / 2 - 1);
}

/** Where everything is in one layer's memory. Plain data: worker threads compute the same. */
export function layoutLayer(name: MixerName, shape: MixerShape, plan: Plan, threads: number): LayerLayout {
  const bump = new Bump();
  const groups = groupsOf(shape.width);
  const row = bump.take(groups * LINE);
  const stride = strideLines(shape.length) * LINE;
  const slots = bump.take(groups * stride);
  const common = { groups, row, slots, stride };
  if (name === 'lazy') {
    const taps = bump.take(groups * stride);
    return { name, ...common, taps, bytes: bump.bytes };
  }
  if (name === 'eager') {
    const taps = bump.take(groups * stride);
    const partial = bump.take(groups * stride);
    return { name, ...common, taps, partial, bytes: bump.bytes };
  }
  const largest = Math.max(
    0,
    ...plan.levels.filter((level) => level.tau === 'fft').map((level) => level.side),
  );
  const plain = bump.take(tableBytes(largest / 4, 2));
  const twisted = bump.take(tableBytes(largest, 4));
  const scratchStride = largest * LINE;
  const scratchBytes = threads * scratchStride;
  const scratch = bump.take(scratchBytes);
  const levels = plan.levels.map((level) => layoutLevel(level, shape.length, groups, bump));
  const stagingRows = Math.max(shape.length, ...levels.map(({ side, fanOut }) => side * fanOut));
  const staging = bump.take(stagingRows * LINE);
  return {
    name,
    ...common,
    levels,
    plain,
    twisted,
    largest,
    staging,
    stagingRows,
    scratch,
    scratchStride,
    scratchBytes,
    bytes: bump.bytes,
  };
}

function layoutLevel(
  { side, fanOut, tau }: LevelPlan,
  length: number,
  groups: number,
  bump: Bump,
): LevelLayout {
  const children = Math.min(fanOut, Math.ceil(length / side));
  const kept = children - 1;
  const spectrumStride = (side + (kept > 1 ? SPREAD : 0)) * LINE;
  const filterStride = tau === 'fft' ? 2 * kept * spectrumStride : children * side * LINE;
  const spectraStride = tau === 'fft' && kept > 1 ? filterStride : 0;
  const filter = bump.take(groups * filterStride);
  const spectra = bump.take(groups * spectraStride);
  return { side, fanOut: children, tau, filter, filterStride, spectra, spectraStride, spectrumStride };
}

/** Memory pages for a layout. Throws a RangeError with the figures if a memory cannot be that large. */
export function pagesFor(layout: { readonly bytes: number }, what: string): number {
  const pages = Math.ceil(layout.bytes / PAGE);
  if (pages > MAXIMUM_PAGES) {
    const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
    throw new RangeError(
      `${what} needs ${layout.bytes} bytes (${gib(layout.bytes)} GiB), ` +
        `more than the ${gib(MAXIMUM_PAGES * PAGE)} GiB one WebAssembly memory can hold`,
    );
  }
  return pages;
}

/** Bytes of a number of pages. */
export function pageBytes(pages: number): number {
  return pages * PAGE;
}
