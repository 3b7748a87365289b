import type { Deferred } from './engine.js';
import type { TiledLayout } from './memory/layout.js';
import { deferredInputs, sliceAfter } from './schedule.js';
import type { TileRunner } from './tile/tile.js';

const NOTHING = { from: 0, to: 0 };

/** The deferred levels of a tiled engine, if there are any: their tiles, a slice per step. */
export function deferredSlices(
  { groups, levels, lanes }: TiledLayout,
  runners: readonly (readonly TileRunner[])[],
  length: number,
): Deferred | undefined {
  const indices = [...levels.keys()].filter((index) => levels[index].form === 'deferred');
  if (indices.length === 0) return undefined;
  const units = runners.length * groups;
  const slices = Array.from({ length: lanes }, () => ({ from: 0, to: 0 }));
  /** One step's slices at one level. */
  const step = (
    index: number,
    known: (lane: number) => number,
    from: number,
    to: number,
    thread: number,
  ): void => {
    const { side } = levels[index];
    let first = to;
    let last = from;
    for (let lane = 0; lane < lanes; lane++) {
      const now = known(lane);
      const slice = now < side ? NOTHING : sliceAfter(now, side, units);
      slices[lane] = slice;
      if (slice.from === slice.to) continue;
      first = Math.min(first, slice.from);
      last = Math.max(last, slice.to);
    }
    for (let unit = Math.max(first, from); unit < Math.min(last, to); unit++) {
      for (let lane = 0; lane < lanes; lane++) {
        if (unit < slices[lane].from || unit >= slices[lane].to) continue;
        const now = known(lane);
        const inputs = now - (now % side);
        const count = Math.min(side, length - (inputs + side));
        if (count <= 0) continue;
        const rows = deferredInputs(inputs, side);
        const group = unit % groups;
        runners[Math.floor(unit / groups)][index].run(inputs, rows, count, lane, group, group + 1, thread);
      }
    }
  };
  return {
    side: levels[indices[0]].side,
    matters: (known, end) =>
      indices.some((index) => {
        const { side } = levels[index];
        const elapsed = known % side;
        const outputs = known - elapsed + 2 * side;
        return known >= side && elapsed <= side / 2 && outputs > end;
      }),
    run(begin, end, from, to, thread) {
      const steps = Math.max(...end.map((last, lane) => last - begin[lane]));
      for (let k = 1; k <= steps; k++) {
        // 0 inputs: no step.
        const known = (lane: number): number => (begin[lane] + k <= end[lane] ? begin[lane] + k : 0);
        for (const index of indices) step(index, known, from, to, thread);
      }
    },
  };
}
