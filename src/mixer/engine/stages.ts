import type { Bank, TiledLayout } from '../memory/index.js';
import { deferredInputs } from '../schedule/index.js';
import type { StagedTile } from './tile/staged.js';

/** Tiles of deferred levels of a single lane, a stage at a time, one unit after the other. (Slices are tiles done whole.) */
export interface Stages {
  /** The stages that fall to the step that makes `known` inputs known. */
  step(known: number): void;
  /** See `Deferred.forget`. */
  forget(): void;
}

/**
 * The stages of the levels at these indices. Tiles of a unit become complete at the same steps as those that slices compute
 * at once, and what is not complete has changed nothing outside its level's own area: so a run may end, be saved, and go on
 * anywhere, either way; stages of a tile under way are then done again.
 *
 * @param tiles `[bank][level]`
 */
export function stagesOf(
  indices: readonly number[],
  banks: readonly Bank<TiledLayout>[],
  tiles: readonly (readonly (StagedTile | undefined)[])[],
  length: number,
): Stages {
  const { levels, units: perBank } = banks[0].layout;
  const units = banks.reduce((sum, { layout }) => sum + layout.units, 0);
  const stages = tiles[0][indices[0]]!.stages;
  /** By level: stages done of the latest tile, all units in turn; NaN where that is to be found out. */
  const done = new Float64Array(levels.length).fill(NaN);
  return {
    forget: () => void done.fill(NaN),
    step(known) {
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
        if (elapsed === 0 || Number.isNaN(done[index])) done[index] = stages * until(units, elapsed);
        const end = until(stages * units, elapsed + 1);
        const rows = deferredInputs(inputs, side);
        for (; done[index] < end; done[index]++) {
          const unit = Math.floor(done[index] / stages);
          const bank = Math.floor(unit / perBank);
          tiles[bank][index]!.run(done[index] % stages, inputs, rows, count, unit - bank * perBank);
        }
      }
    },
  };
}
