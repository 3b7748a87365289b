/**
 * The flat tiling: no step waits for a large tile. This is Gardner's convolution without latency (1995), with work that is
 * spread evenly over time, and with fans, so that an input is transformed once for each level.
 *
 * Up to some side S, tiles are as in tiling.ts. Above come levels of sides S, 4 S, 16 S, ..., whose tiles begin `delay`
 * positions after their inputs have ended, where the delay is the sum of all smaller sides of these: 0, S, 5 S, 21 S, ... A
 * level cuts the inputs into blocks of its side, and the outputs into blocks that begin `delay` later. When an input block has
 * ended, one tile adds what it and the blocks before it, back to the last multiple of 4, contribute to the output block that
 * begins `delay` later. For S = 2, inputs across and outputs down, two positions a character, `A` standing for side 2 and `B`
 * for side 8, whose tiles come 2 positions late:
 *
 *             0   4   8   12  16  20
 *          0
 *          2  A
 *          4  A A
 *          6  A A A
 *          8  A A A A
 *         10  B B B B A
 *         12  B B B B A A
 *         14  B B B B A A A
 *         16  B B B B A A A A
 *         18  B B B B B B B B A
 *         20  B B B B B B B B A A
 *
 * Every pair of an input and a later output is in one tile, that of the largest side which can have it. The tiles of side S
 * are urgent. All others are *deferred*: those of a side may be computed at any time in the `slack` steps after their inputs
 * have ended, `slack` being the next smaller side. Then that side begins to add to the same outputs.
 */
import { inputsAfter, type Level, type Range, type Tile } from './tiling.js';

/** Input blocks of a side that one of the next larger has. More: fewer transforms, but less time for each, and more products. */
export const FLAT_FAN_OUT = 4;

/** A level whose outputs begin some time after its inputs have ended. */
export interface FlatLevel extends Level {
  readonly delay: number;
}

/** The levels of a flat tiling above blocks of `side` positions: those that have tiles. */
export function flatLevels(side: number, length: number): FlatLevel[] {
  const levels: FlatLevel[] = [];
  let delay = 0;
  for (let next = side; next + delay < length; next *= FLAT_FAN_OUT) {
    levels.push({ side: next, fanOut: FLAT_FAN_OUT, delay });
    delay += next;
  }
  return levels;
}

/** Whether a level's tiles may be computed some time after their inputs are known. */
export function isDeferred({ delay = 0 }: Level): boolean {
  return delay > 0;
}

/** The deferred tile of a level whose inputs have just become complete, `known` being a multiple of its side. */
export function deferredTile(
  known: number,
  length: number,
  index: number,
  levels: readonly Level[],
): Tile | undefined {
  const level = levels[index];
  const from = known + level.delay!;
  if (known < level.side || from >= length) return undefined;
  return {
    level: index,
    side: level.side,
    inputs: { from: known - inputsAfter(known, level), to: known },
    outputs: { from, to: Math.min(from + level.side, length) },
  };
}

/** Steps that there are for a deferred tile of a side, that which completes its inputs included. */
export function slackOf(side: number): number {
  return side / FLAT_FAN_OUT;
}

/** In how many of them its work falls due. Who computes it has the others to catch up. */
export function dueWithin(slack: number): number {
  return Math.max(1, Math.floor((3 * slack) / 4));
}

/**
 * A deferred tile consists of many *units*, one channel group of one convolution each. These are the units (from <= u < to) of
 * a side's latest tile that fall to the step that makes `known` inputs known: evenly spread over three quarters of the
 * slack. They must be done by its end, when the next smaller side's begin to add to the same outputs: the order of additions,
 * and so every bit of a sum, is then the same however late a thread is.
 */
export function sliceAfter(known: number, side: number, units: number): Range {
  const elapsed = known % side;
  const steps = dueWithin(slackOf(side));
  const until = (step: number): number => Math.min(units, Math.floor((units * step) / steps));
  return { from: until(elapsed), to: until(elapsed + 1) };
}

/**
 * Deferred levels from so many times the side of the first on are *far*: a unit of their tiles takes so long, and has so
 * much time, that another thread computes it, or that it is done in stages, or both. Units of the others, the *near*
 * ones, are little work, and soon due.
 */
const FAR = 4;

/** Indices of the deferred levels, by whether they are far. */
export function deferredLevels(levels: readonly Level[]): {
  readonly near: number[];
  readonly far: number[];
} {
  const indices = [...levels.keys()].filter((index) => isDeferred(levels[index]));
  const isFar = (index: number): boolean => levels[index].side >= FAR * levels[indices[0]].side;
  return { near: indices.filter((index) => !isFar(index)), far: indices.filter(isFar) };
}
