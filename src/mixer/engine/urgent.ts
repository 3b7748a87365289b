import type { Bank, LevelLayout, TiledLayout } from '../memory/index.js';
import { inputsAfter, levelAfter, type Level } from '../schedule/index.js';
import type { PerLane } from '../shape.js';
import type { Engine } from './engine.js';
import type { TileRunner } from './tile/tile.js';

/** A unit's tile takes about this many ns per output (16 channels, 4 ns apiece). */
const COST = 64;
/** A unit's step takes about this many ns besides. */
export const STEP_COST = 100;

/** Urgent tiles above the first level: those that the step that makes their last input known must do. */
export interface Urgent extends Pick<Engine, 'stepCost' | 'matters'> {
  step(positions: PerLane, from: number, to: number, thread: number): void;
}

/** @param runners `[bank][level]` */
export function urgentTiles(
  banks: readonly Bank<TiledLayout>[],
  levels: readonly Level[],
  runners: readonly (readonly TileRunner[])[],
  length: number,
): Urgent {
  const { lanes, period } = banks[0].layout;
  /** The level that is due once `known` inputs are known; 0 if there is nothing to do. */
  const due = (known: number): number => (known < 1 || known >= length ? 0 : levelAfter(known, levels));
  const tile = (
    bank: number,
    index: number,
    known: number,
    lane: number,
    from: number,
    to: number,
    thread: number,
  ): void => {
    const level = levels[index];
    const count = Math.min(level.side, length - known);
    runners[bank][index].run(known % period, inputsAfter(known, level), count, lane, from, to, thread);
  };
  const oneLane: Urgent['step'] = ([position], from, to, thread) => {
    const known = position + 1;
    const index = due(known);
    if (index === 0) return;
    for (let bank = 0; bank < banks.length; bank++) {
      const { first, units } = banks[bank].layout;
      const begin = Math.max(0, from - first);
      const end = Math.min(units, to - first);
      if (begin < end) tile(bank, index, known, 0, begin, end, thread);
    }
  };
  const manyLanes: Urgent['step'] = (positions, from, to, thread) => {
    const levelsDue = Array.from(positions, (position) => due(position + 1));
    if (levelsDue.every((index) => index === 0)) return;
    for (let bank = 0; bank < banks.length; bank++) {
      const { first, units } = banks[bank].layout;
      const end = Math.min(units, to - first);
      // Lanes innermost: those at the same level find its filter in the cache.
      for (let unit = Math.max(0, from - first); unit < end; unit++) {
        for (const [lane, index] of levelsDue.entries()) {
          if (index > 0) tile(bank, index, positions[lane] + 1, lane, unit, unit + 1, thread);
        }
      }
    }
  };
  return {
    step: lanes === 1 ? oneLane : manyLanes,
    stepCost(positions) {
      let sum = 0;
      for (const position of positions) {
        const index = due(position + 1);
        sum += index > 0 ? COST * levels[index].side : STEP_COST;
      }
      return sum;
    },
    matters(known, end) {
      const index = due(known);
      if (index === 0) return false;
      if (known + levels[index].side > end) return true;
      const { plan, side, children }: LevelLayout = banks[0].layout.levels[index];
      // States go from block to block, and slots are cleared.
      if (plan.kind === 'recurrence' || plan.kind === 'window') return true;
      // The spectra of a fan's children are for later tiles of the same block.
      const block = side * children;
      return plan.kind === 'fan' && Math.ceil(known / block) * block > end;
    },
  };
}
