import { type Bank, groupsOf, layoutTiled, type TiledLayout } from '../memory/index.js';
import { FLAT_SIDE, isRing, tilingOf } from '../plan/index.js';
import { assignTiles, slackOf, tapsAfter, type Assignment, type Level } from '../schedule/index.js';
import type { PerLane } from '../shape.js';
import type { Deferred, Engine } from './engine.js';
import { firstTouch, touchSpectra } from './first-touch.js';
import type { Kind } from './kind.js';
import { takeRows } from './rows.js';
import { slicesOf, type Slices } from './slices.js';
import { stagesOf } from './stages.js';
import {
  clearScratch,
  forgetInputs,
  prepareUnits,
  setFilter,
  setModes,
  tiledStep,
  tiledSums,
  writeTables,
} from './tiled-memory.js';
import { tileRunner } from './tile/runner.js';
import { stagedTile } from './tile/staged.js';
import { STEP_COST, urgentTiles } from './urgent.js';

/**
 * The tiling of Flash Inference, generalised to any fan-out: the pairs (input, output) are cut into tiles, each as
 * late as it may be and as large as it can be, so that a fast convolution does each in O(side log side).
 *
 * A step does the urgent tile that its inputs make due, in all convolutions side by side, and its slices of deferred tiles,
 * if those are its own to do. Tiles of the first level, which have one output, come last of all, on the way to the rows.
 */
export const tiled: Kind<TiledLayout> = {
  layout: layoutTiled,

  engine({ shape, plan, threads }, banks) {
    const { length, width, lanes = 1 } = shape;
    const { tapAreas, tapRows } = banks[0].layout;
    // Children past the end do not exist.
    const levels = tilingOf(plan).map((level, k) =>
      level.delay === undefined ? { ...level, fanOut: banks[0].layout.levels[k].children } : level,
    );
    const runners = banks.map((bank) => bank.layout.levels.map((level) => tileRunner(bank, level)));
    const urgent = urgentTiles(banks, levels, runners, length);
    const assignment = assignTiles(levels, { threads, lanes });
    const slices = (indices: readonly number[]): Slices => slicesOf(indices, banks, levels, runners, length);
    const inStep = slices(assignment.inStep);
    const later = [...assignment.handed, ...assignment.staged];
    const all = slices(later);
    const deferred = later.length > 0 ? deferredTiles(banks, levels, assignment, slices, length) : undefined;
    const ahead = deferred !== undefined && lanes === 1;
    const advance: Engine['advance'] = (positions, from, to, thread) => {
      urgent.step(positions, from, to, thread);
      inStep.step(positions, from, to, thread);
    };
    const alone = (from: number, to: number): void => prepareUnits(banks, runners, from, from, to);
    /** For the units of each bank, and each lane that has a position. */
    const rows = (positions: PerLane, from: number, to: number, run: typeof tiledSums): void => {
      for (const bank of banks) {
        const { first, units } = bank.layout;
        const begin = Math.max(0, from - first);
        const end = Math.min(units, to - first);
        if (begin >= end) continue;
        for (let lane = 0; lane < lanes; lane++) {
          if (positions[lane] >= 0) run(bank, lane, positions[lane], begin, end);
        }
      }
    };
    const sums: typeof tiledSums = (bank, lane, position, from, to) => {
      if (position < length) tiledSums(bank, lane, position, from, to);
    };
    const sumsAfter: typeof tiledSums = (bank, lane, position, from, to) =>
      sums(bank, lane, position + 1, from, to);
    const block = levels[0]?.fanOut ?? 1;
    /** Whether the next position is there, and in the same block of the first level: then no tile is due. */
    const within = (position: number): boolean =>
      position < 0 || (position + 1 < length && (position + 1) % block > 0);
    return {
      filterRows: tapRows,
      prepare(untouched) {
        writeTables(banks);
        if (!untouched) banks.forEach(clearScratch);
        else if (ahead) touchSpectra(banks);
      },
      setFilter: (convolution, filter, prepare = alone) =>
        setFilter(banks, runners, convolution * groupsOf(width), filter, prepare),
      setModes: (convolution, modes, prepare = alone) =>
        setModes(banks, runners, convolution * groupsOf(width), modes, length, prepare),
      prepareUnits: (...units) => prepareUnits(banks, runners, ...units),
      ...(ahead && { touch: firstTouch(banks, length) }),
      step(positions, from, to, thread) {
        if (positions.every(within)) {
          inStep.step(positions, from, to, thread);
          rows(positions, from, to, tiledStep);
        } else {
          takeRows(banks, positions, from, to);
          advance(positions, from, to, thread);
          rows(positions, from, to, sumsAfter);
        }
      },
      advance,
      matters: (known, end) =>
        urgent.matters(known, end) || inStep.matters(known, end) || all.matters(known, end),
      tapsNeeded: (known) => (tapAreas > 0 ? Math.min(length, tapRows) : tapsAfter(known, tapRows, levels)),
      sums: (positions, from, to) => rows(positions, from, to, sums),
      sumsAhead: true,
      stepCost: urgent.stepCost,
      sumsCost: () => STEP_COST,
      flat: !isRing(plan) && levels.every(({ side, delay }) => delay !== undefined || side < FLAT_SIDE),
      ...(deferred && { deferred }),
      moved: (lane) => forgetInputs(banks, lane),
    };
  },
};

/** What is not the step's own to do, see `Assignment`. */
function deferredTiles(
  banks: readonly Bank<TiledLayout>[],
  tiling: readonly Level[],
  { handed, staged }: Assignment,
  slices: (indices: readonly number[]) => Slices,
  length: number,
): Deferred {
  const levels = [...handed, ...staged];
  const all = slices(levels);
  const whole: Deferred['whole'] = (...step) => all.steps(...step);
  const period = slackOf(tiling[levels[0]].side);
  if (staged.length === 0) return { period, whole, piecewise: whole, forget: () => undefined };
  const tiles = banks.map((bank) =>
    bank.layout.levels.map((level, index) => (staged.includes(index) ? stagedTile(bank, level) : undefined)),
  );
  const stages = stagesOf(staged, banks, tiling, tiles, length);
  const atOnce = slices(handed);
  const position = new Int32Array(1);
  return {
    period,
    whole,
    piecewise([begin], [end], from, to, thread) {
      for (position[0] = begin; position[0] < end; position[0]++) {
        atOnce.step(position, from, to, thread);
        stages.step(position[0] + 1);
      }
    },
    forget: () => stages.forget(),
  };
}
