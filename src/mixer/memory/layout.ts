import type { MixerName, MixerShape } from '../mixer.js';
import type { Plan, TauName } from '../plan/plan.js';
import { Bump } from './bump.js';
import { groupsOf, LINE, strideLines } from './blocks.js';

/** Pages and the most of them that WebAssembly allows in one memory. */
const PAGE = 65536;
const MAXIMUM_PAGES = 65536;

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

/** The tiles of one side. */
export interface TileLayout {
  readonly side: number;
  readonly tau: TauName;
  /** `[group][2 side][16]`: the taps 0 ... 2 side - 1, or as many numbers of their spectrum. */
  readonly filter: number;
}

export interface TiledLayout extends Slots {
  readonly name: 'tiled';
  readonly tiles: readonly TileLayout[];
  /** Twiddles of sizes 4 ... side / 4 and twisted twiddles of sizes 4 ... side, for the largest FFT side. */
  readonly plain: number;
  readonly twisted: number;
  /** The largest FFT side, 0 if there is none. */
  readonly largest: number;
  /** Taps of one group while its filter is being set, `[2 * largest side][16]`. */
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
  const largest = Math.max(0, ...plan.tiles.filter((t) => t.tau === 'fft').map((t) => t.side));
  const plain = bump.take(tableBytes(largest / 4, 3));
  const twisted = bump.take(tableBytes(largest, 4));
  const scratchStride = largest * LINE;
  const scratchBytes = threads * scratchStride;
  const scratch = bump.take(scratchBytes);
  const tiles = plan.tiles.map(({ side, tau }) => ({
    side,
    tau,
    filter: bump.take(groups * 2 * side * LINE),
  }));
  const stagingRows = Math.max(shape.length, ...plan.tiles.map((t) => 2 * t.side));
  const staging = bump.take(stagingRows * LINE);
  return {
    name,
    ...common,
    tiles,
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
