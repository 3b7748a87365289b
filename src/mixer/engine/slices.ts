import type { PerLane } from '../shape.js';
import type { Deferred } from './engine.js';
import type { TiledLayout } from '../memory/layout.js';
import { deferredInputs, sliceAfter } from '../schedule/index.js';
import type { TileRunner } from './tile/tile.js';

const NOTHING = { from: 0, to: 0 };

/** The tiles of some deferred levels, a slice per step. */
export interface Slices {
  /** See `Engine.matters`. */
  matters(known: number, end: number): boolean;
  /** The slices of the step that takes the inputs of each lane's position (-1: none), for units `from` <= unit < `to`. */
  step(positions: PerLane, from: number, to: number, thread: number): void;
}

/** The slices of the deferred levels at these indices. */
export function slicesOf(
  indices: readonly number[],
  { groups, levels, lanes }: TiledLayout,
  runners: readonly (readonly TileRunner[])[],
  length: number,
): Slices {
  const units = runners.length * groups;
  const slices = Array.from({ length: lanes }, () => NOTHING);
  const stepAt = (index: number, positions: PerLane, from: number, to: number, thread: number): void => {
    const { side } = levels[index];
    let first = to;
    let last = from;
    for (let lane = 0; lane < lanes; lane++) {
      const known = positions[lane] + 1;
      const slice = known < side ? NOTHING : sliceAfter(known, side, units);
      slices[lane] = slice;
      if (slice.from === slice.to) continue;
      first = Math.min(first, slice.from);
      last = Math.max(last, slice.to);
    }
    for (let unit = Math.max(first, from); unit < Math.min(last, to); unit++) {
      for (let lane = 0; lane < lanes; lane++) {
        if (unit < slices[lane].from || unit >= slices[lane].to) continue;
        const known = positions[lane] + 1;
        const inputs = known - (known % side);
        const count = Math.min(side, length - (inputs + side));
        if (count <= 0) continue;
        const rows = deferredInputs(inputs, side);
        const group = unit % groups;
        runners[Math.floor(unit / groups)][index].run(inputs, rows, count, lane, group, group + 1, thread);
      }
    }
  };
  return {
    matters: (known, end) =>
      indices.some((index) => {
        const { side } = levels[index];
        const elapsed = known % side;
        const outputs = known - elapsed + 2 * side;
        return known >= side && elapsed <= side / 4 && outputs > end;
      }),
    step(positions, from, to, thread) {
      for (const index of indices) stepAt(index, positions, from, to, thread);
    },
  };
}

/** Slices that may be done later than their steps, `side` being the smallest of their levels'. */
export function deferredSlices(side: number, slices: Slices): Pick<Deferred, 'period' | 'run'> {
  return {
    period: side / 2,
    run(begin, end, from, to, thread) {
      const now = new Int32Array(begin.length);
      const steps = Math.max(...end.map((last, lane) => last - begin[lane]));
      for (let k = 0; k < steps; k++) {
        for (let lane = 0; lane < now.length; lane++)
          now[lane] = begin[lane] + k < end[lane] ? begin[lane] + k : -1;
        slices.step(now, from, to, thread);
      }
    },
  };
}
