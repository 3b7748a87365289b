import type { Deferred } from './engine.js';
import type { TiledLayout } from '../memory/layout.js';
import { deferredInputs } from '../schedule/index.js';
import type { Slices } from './slices.js';
import { STAGES, type StagedTile } from './tile/staged.js';

/**
 * The tiles of deferred levels, a few stages per step. Tiles of a unit become complete at the same steps as those that
 * `slicesOf` computes at once, and what is not complete has changed nothing outside its level's own area: so a run may
 * end, be saved, and go on anywhere, either way; stages of a tile under way are then done again.
 *
 * @param indices of the levels
 * @param tiles `[convolution][level]`
 * @param whole the tiles of other levels, which each step does before
 */
export function stagedSlices(
  indices: readonly number[],
  { groups, levels }: TiledLayout,
  tiles: readonly (readonly (StagedTile | undefined)[])[],
  length: number,
  whole: Slices,
): Pick<Deferred, 'proceed' | 'restart'> {
  const units = tiles.length * groups;
  /** By level: stages done of the latest tile, all units in turn; NaN where that is to be found out. */
  const done = new Float64Array(levels.length).fill(NaN);
  const step = (known: number): void => {
    for (const index of indices) {
      const { side } = levels[index];
      if (known < side) continue;
      const elapsed = known % side;
      const until = (total: number, steps: number): number =>
        Math.min(total, Math.floor((total * steps * 4) / side));
      const inputs = known - elapsed;
      const count = Math.min(side, length - (inputs + side));
      if (count <= 0) continue;
      // Of a tile under way, the complete units are there.
      if (elapsed === 0 || Number.isNaN(done[index])) done[index] = STAGES * until(units, elapsed);
      const end = until(STAGES * units, elapsed + 1);
      const rows = deferredInputs(inputs, side);
      for (; done[index] < end; done[index]++) {
        const unit = Math.floor(done[index] / STAGES);
        const tile = tiles[Math.floor(unit / groups)][index];
        tile?.run(done[index] % STAGES, inputs, rows, count, unit % groups);
      }
    }
  };
  const position = new Int32Array(1);
  return {
    restart: () => void done.fill(NaN),
    proceed([begin], [end], from, to, thread) {
      for (position[0] = begin; position[0] < end; position[0]++) {
        whole.step(position, from, to, thread);
        step(position[0] + 1);
      }
    },
  };
}
