import type { Bank, TiledLayout } from '../memory/index.js';
import { dueWithin, inputsAfter, type Level, slackOf, sliceAfter } from '../schedule/index.js';
import type { PerLane } from '../shape.js';
import type { TileRunner } from './tile/tile.js';

const NOTHING = { from: 0, to: 0 };

/** Tiles of deferred levels done whole, those of some units in each step. (Stages do one unit's tile over several steps.) */
export interface Slices {
  /** See `Engine.matters`. */
  matters(known: number, end: number): boolean;
  /** The slices of the step that takes the inputs of each lane's position (-1: none), for units `from` <= unit < `to`. */
  step(positions: PerLane, from: number, to: number, thread: number): void;
  /** The slices of the steps that made `begin` < known <= `end` inputs known, see `Deferred.whole`. */
  steps(begin: PerLane, end: PerLane, from: number, to: number, thread: number): void;
}

/**
 * The slices of the levels at these indices.
 *
 * @param runners `[bank][level]`
 */
export function slicesOf(
  indices: readonly number[],
  banks: readonly Bank<TiledLayout>[],
  levels: readonly Level[],
  runners: readonly (readonly TileRunner[])[],
  length: number,
): Slices {
  const { lanes } = banks[0].layout;
  const units = banks.reduce((sum, { layout }) => sum + layout.units, 0);
  const slices = Array.from({ length: lanes }, () => NOTHING);
  const stepAt = (index: number, positions: PerLane, from: number, to: number, thread: number): void => {
    const level = levels[index];
    const { side } = level;
    // Units that are in the slice of some lane.
    let begin = to;
    let end = from;
    for (let lane = 0; lane < lanes; lane++) {
      const known = positions[lane] + 1;
      const slice = known < side ? NOTHING : sliceAfter(known, side, units);
      slices[lane] = slice;
      if (slice.from === slice.to) continue;
      begin = Math.min(begin, slice.from);
      end = Math.max(end, slice.to);
    }
    if (begin >= end) return;
    for (let b = 0; b < banks.length; b++) {
      const { first, units: own } = banks[b].layout;
      const last = Math.min(end, to, first + own);
      for (let unit = Math.max(begin, from, first); unit < last; unit++) {
        for (let lane = 0; lane < lanes; lane++) {
          if (unit < slices[lane].from || unit >= slices[lane].to) continue;
          const known = positions[lane] + 1;
          const inputs = known - (known % side);
          const count = Math.min(side, length - (inputs + level.delay!));
          if (count <= 0) continue;
          const rows = inputsAfter(inputs, level);
          runners[b][index].run(inputs, rows, count, lane, unit - first, unit - first + 1, thread);
        }
      }
    }
  };
  const step: Slices['step'] = (positions, from, to, thread) => {
    for (const index of indices) stepAt(index, positions, from, to, thread);
  };
  return {
    matters: (known, end) =>
      indices.some((index) => {
        const { side, delay } = levels[index];
        const elapsed = known % side;
        const outputs = known - elapsed + delay! + side;
        return known >= side && elapsed < dueWithin(slackOf(side)) && outputs > end;
      }),
    step,
    steps(begin, end, from, to, thread) {
      const now = new Int32Array(begin.length);
      const steps = Math.max(...end.map((last, lane) => last - begin[lane]));
      for (let k = 0; k < steps; k++) {
        for (let lane = 0; lane < now.length; lane++)
          now[lane] = begin[lane] + k < end[lane] ? begin[lane] + k : -1;
        step(now, from, to, thread);
      }
    },
  };
}
