/** What the memory of a tiled mixer holds besides tiles: twiddle tables, filters, and the rows of one position. */
import { writeTwiddles, writeTwistedTwiddles } from '../kernel/index.js';
import {
  type Bank,
  type FilterRows,
  GROUP,
  groupsOf,
  LINE,
  tableBytes,
  type TiledLayout,
  toGroups,
  unitOf,
} from '../memory/index.js';
import { modalTaps, type Modes } from '../modes.js';
import type { PrepareUnits } from './engine.js';
import { touchUnit } from './first-touch.js';
import type { TileRunner } from './tile/tile.js';

/** Writes every bank's twiddle tables, all the same. */
export function writeTables([{ floats, layout }, ...others]: readonly Bank<TiledLayout>[]): void {
  const { twiddles, twisted, largest } = layout;
  writeTwiddles(floats, twiddles / 4, largest / 4);
  writeTwistedTwiddles(floats, twisted / 4, largest);
  for (const other of others) {
    for (const [table, bytes] of [
      ['twiddles', tableBytes(largest / 4, 2)],
      ['twisted', tableBytes(largest, 4)],
    ] as const) {
      const at = layout[table] / 4;
      other.floats.set(floats.subarray(at, at + bytes / 4), other.layout[table] / 4);
    }
  }
}

/** Makes scratch areas numbers: what a kernel reads of them before it has written there is multiplied by 0. */
export function clearScratch({ floats, layout }: Bank<TiledLayout>): void {
  const { scratch, scratchBytes } = layout;
  floats.fill(0, scratch / 4, (scratch + scratchBytes) / 4);
}

/**
 * Takes rows of the filter whose first unit is `start`: taps, and the spectra of every level that they complete. Where
 * the taps are not kept, all rows are to come at once, and `prepare` makes the spectra.
 *
 * @param runners `[bank][level]`
 */
export function setFilter(
  banks: readonly Bank<TiledLayout>[],
  runners: readonly (readonly TileRunner[])[],
  start: number,
  { rows, width, length, first }: FilterRows,
  prepare: PrepareUnits,
): void {
  const end = first + rows.length / width;
  const groups = groupsOf(width);
  // All groups of a convolution are in one bank.
  const { bank, floats, layout, unit } = unitOf(banks, start);
  const { levels, taps, tapStride, tapRows, tapAreas } = layout;
  const side = tapAreas || groups;
  for (let group = 0; group < groups; group += side) {
    const area = tapAreas > 0 ? 0 : unit;
    const lines = Array.from(
      { length: Math.min(side, groups - group) },
      (_, k) => taps + (area + k) * tapStride,
    );
    const places = lines.map((at) => at / 4 + first * GROUP);
    toGroups(rows, width, group, floats, places, end - first);
    for (const at of lines.map((line) => line / 4)) {
      if (first > 0) continue;
      // Tap 0 belongs to the model, taps from `length` on may not come.
      floats.fill(0, at, at + GROUP);
      floats.fill(0, at + Math.max(length, end) * GROUP, at + tapRows * GROUP);
    }
    if (tapAreas > 0) {
      prepare(start + group, start + group + lines.length);
      continue;
    }
    lines.forEach((line, k) => {
      levels.forEach(({ plan, side, children, made }, index) => {
        if (plan.kind === 'delayed') {
          if (first === 0) floats[made / 4 + unit + k] = 0;
          return;
        }
        // Rows that come after the filter's length may come later, and a level has its spectra already.
        const needed = side * children;
        if (first < needed && Math.min(length, needed) <= end) runners[bank][index].prepare(unit + k, line);
      });
    });
  }
}

/**
 * Prepares units `from` <= unit < `to`, of those whose taps are in the areas: the first of these is `first`.
 *
 * @param runners `[bank][level]`
 */
export function prepareUnits(
  banks: readonly Bank<TiledLayout>[],
  runners: readonly (readonly TileRunner[])[],
  first: number,
  from: number,
  to: number,
): void {
  for (let each = from; each < to; each++) {
    const { bank, layout, unit } = unitOf(banks, each);
    const lines = layout.taps + (each - first) * layout.tapStride;
    touchUnit(banks[bank], unit);
    for (const runner of runners[bank]) runner.prepare(unit, lines);
  }
}

/** Prepares the modal filter whose first unit is `start`: taps for the levels that want some, modes for a recurrence. */
export function setModes(
  banks: readonly Bank<TiledLayout>[],
  runners: readonly (readonly TileRunner[])[],
  start: number,
  modes: Modes,
  length: number,
  prepare: PrepareUnits,
): void {
  const { width } = modes;
  const count = Math.min(length, banks[0].layout.tapRows);
  const rows = Float32Array.from(modalTaps(modes, count));
  setFilter(banks, runners, start, { rows, width, length: count, first: 0 }, prepare);
  for (let g = 0; g < groupsOf(width); g++) {
    const { bank, unit } = unitOf(banks, start + g);
    for (const runner of runners[bank]) runner.setModes?.(unit, g, modes);
  }
}

/** Forgets which spectra of a lane's inputs are kept: the inputs have changed, or where in them the lane is. */
export function forgetInputs(banks: readonly Bank<TiledLayout>[], lane: number): void {
  for (const { floats, layout } of banks) {
    const { units, levels } = layout;
    for (const { plan, newest } of levels) {
      if (plan.kind !== 'delayed') continue;
      floats.fill(0, newest / 4 + lane * units, newest / 4 + (lane + 1) * units);
    }
  }
}

/**
 * Writes a position's pending sums to a lane's row, units `from` <= unit < `to` of a bank: its slots, and the tile of the first
 * level, the inputs of its block so far. That tile is so small that storing its result would cost more than computing it.
 */
export function tiledSums(
  { kernels, layout }: Bank<TiledLayout>,
  lane: number,
  position: number,
  from: number,
  to: number,
): void {
  const { line, row, stride, taps, tapStride, children } = firstOf(layout, lane, position, from);
  kernels.pendingRow(line, row, stride, taps, tapStride, to - from, position % children);
}

/**
 * Takes the inputs of a position from a lane's row, and leaves there the sums of the next one, which is of the same block of
 * the first level: all that there is to do then, each slot met once.
 */
export function tiledStep(
  { kernels, layout }: Bank<TiledLayout>,
  lane: number,
  position: number,
  from: number,
  to: number,
): void {
  const { line, row, stride, taps, tapStride, children } = firstOf(layout, lane, position, from);
  kernels.stepRow(line, row, stride, taps, tapStride, to - from, (position % children) + 1);
}

/** Where a lane has a position, from a unit on, and the first level's taps. */
function firstOf(
  { levels, units, row, slots, stride, period }: TiledLayout,
  lane: number,
  position: number,
  unit: number,
) {
  // A run of a single position has no tiles at all.
  const { filter, filterStride, children } = levels[0] ?? { filter: 0, filterStride: 0, children: 1 };
  const place = lane * units + unit;
  return {
    line: slots + place * stride + (position % period) * LINE,
    row: row + place * LINE,
    stride,
    taps: filter + unit * filterStride,
    tapStride: filterStride,
    children,
  };
}
