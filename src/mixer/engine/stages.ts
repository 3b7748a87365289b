import type { Bank, TiledLayout } from '../memory/index.js';
import { dueWithin, inputsAfter, type Level, slackOf } from '../schedule/index.js';
import type { Stage, StagedTile } from './tile/staged.js';

/** Tiles of deferred levels of a single lane, a stage at a time, one unit after the other. (Slices are tiles done whole.) */
export interface Stages {
  /** The stages that fall to the step that makes `known` inputs known. */
  step(known: number): void;
  /** See `Deferred.forget`. */
  forget(): void;
}

/** The unit of a level's latest tile that is under way, its stages, and how many of them have been done. */
interface UnderWay {
  unit: number;
  stages: readonly Stage[];
  done: number;
}

/**
 * The stages of the levels at these indices. Tiles of a unit become complete at the same steps as those that slices compute
 * at once, and what is not complete has changed nothing that others read: so a run may end, be saved, and go on anywhere,
 * either way; stages of a tile under way are then done again.
 *
 * @param tiles `[bank][level]`
 */
export function stagesOf(
  indices: readonly number[],
  banks: readonly Bank<TiledLayout>[],
  levels: readonly Level[],
  tiles: readonly (readonly (StagedTile | undefined)[])[],
  length: number,
): Stages {
  const perBank = banks[0].layout.units;
  const units = banks.reduce((sum, { layout }) => sum + layout.units, 0);
  /** By level; none where that is to be found out. */
  const underWay: (UnderWay | undefined)[] = levels.map(() => undefined);

  const stepOf = (index: number, known: number): void => {
    const level = levels[index];
    const { side } = level;
    const elapsed = known % side;
    const steps = dueWithin(slackOf(side));
    const inputs = known - elapsed;
    const count = Math.min(side, length - (inputs + level.delay!));
    if (known < side || elapsed >= steps || count <= 0) return;
    const begin = (unit: number): UnderWay => {
      const bank = Math.floor(unit / perBank);
      const own = unit - bank * perBank;
      const rows = inputsAfter(inputs, level);
      return { unit, stages: unit < units ? tiles[bank][index]!(inputs, rows, count, own) : [], done: 0 };
    };
    // Of a tile under way, the complete units are there.
    let now = elapsed === 0 ? begin(0) : (underWay[index] ?? begin(Math.floor((units * elapsed) / steps)));
    const last = Math.floor((units * (elapsed + 1)) / steps);
    const rest = ((units * (elapsed + 1)) % steps) / steps;
    for (;;) {
      const end = now.unit < last ? now.stages.length : Math.floor(rest * now.stages.length);
      for (; now.done < end; now.done++) now.stages[now.done]();
      if (now.unit >= last) break;
      now = begin(now.unit + 1);
    }
    underWay[index] = now;
  };
  return {
    forget: () => void underWay.fill(undefined),
    step(known) {
      for (const index of indices) stepOf(index, known);
    },
  };
}
