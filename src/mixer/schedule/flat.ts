/**
 * The flat tiling: no step waits for a large tile. This is Gardner's convolution without latency (1995), with work that is
 * spread evenly over time.
 *
 * Up to some side S, tiles are as in tiling.ts. Beyond, positions are seen in blocks, and a pair of blocks (input block p,
 * output block c) belongs to the smallest side at which the two are at least 2 blocks apart while their parents (blocks of
 * twice the side) are neighbours. For blocks of S positions, p across and c down, `A` standing for *adjacent* and 1, 2, 4 for
 * sides of that many times S:
 *
 *             p 0 1 2 3 4 5 6 7
 *     c = 1     A
 *     c = 2     1 A
 *     c = 3     1 1 A
 *     c = 4     2 2 1 A
 *     c = 5     2 2 1 1 A
 *     c = 6     2 2 2 2 1 A
 *     c = 7     2 2 2 2 1 1 A
 *     c = 8     4 4 4 4 2 2 1 A
 *
 * The pairs of neighbours, A, are urgent, one tile per block. The tiles of all other pairs are *deferred*: what is to be
 * added to a block is complete one whole block before it begins, and may be computed any time in between.
 */
import type { Form, Level, Range, Tile } from './tiling.js';

/** A level of adjacent or deferred tiles. */
export interface FlatLevel extends Level {
  readonly form: Form;
}

/** A level of either form; its blocks have two children. */
export function levelOfForm(form: Form, side: number): FlatLevel {
  return { side, fanOut: 2, form };
}

/**
 * The levels of a flat tiling above blocks of `side` positions. The largest deferred side leaves no blocks further apart
 * than 3.
 */
export function flatLevels(side: number, length: number): FlatLevel[] {
  const levels = side < length ? [levelOfForm('adjacent', side)] : [];
  for (let deferred = side; 2 * deferred < length; deferred *= 2) {
    levels.push(levelOfForm('deferred', deferred));
  }
  return levels;
}

/** The deferred tile of a level whose inputs have just become complete, `known` being a multiple of its side. */
export function deferredTile(
  known: number,
  length: number,
  level: number,
  levels: readonly Level[],
): Tile | undefined {
  const { side } = levels[level];
  if (known < side || known + side >= length) return undefined;
  return {
    level,
    side,
    inputs: { from: known - deferredInputs(known, side), to: known },
    outputs: { from: known + side, to: Math.min(known + 2 * side, length) },
  };
}

/**
 * Inputs of the deferred tile of a side whose inputs end at `known`: one block where the outputs are an even block, whose
 * parent has the block 3 before for its neighbour's neighbour; two where they are an odd one.
 */
export function deferredInputs(known: number, side: number): number {
  return (known / side) % 2 === 0 ? 2 * side : side;
}

/**
 * A deferred tile consists of many *units*, one channel group of one convolution each. These are the units (from <= u < to) of
 * a level's latest tile that fall to the step that makes `known` inputs known: evenly spread over the first quarter of
 * the time there is. They must be done by its half, when the next smaller level's begin to add to the same outputs: the
 * order of additions, and so every bit of a sum, is then the same however late a thread is.
 */
export function sliceAfter(known: number, side: number, units: number): Range {
  const elapsed = known % side;
  const quarter = Math.max(1, side / 4);
  const until = (steps: number): number => Math.min(units, Math.floor((units * steps) / quarter));
  return { from: until(elapsed), to: until(elapsed + 1) };
}

/**
 * Deferred levels from so many times the side of the first on are *far*: a unit of their tiles takes so long, and has so
 * much time, that another thread computes it, or that it is done in stages, or both. Units of the others, the *near*
 * ones, are little work, and soon due.
 */
const FAR = 16;

/** Indices of the deferred levels, by whether they are far. */
export function deferredLevels(levels: readonly Level[]): {
  readonly near: number[];
  readonly far: number[];
} {
  const indices = [...levels.keys()].filter((index) => levels[index].form === 'deferred');
  const isFar = (index: number): boolean => levels[index].side >= FAR * levels[indices[0]].side;
  return { near: indices.filter((index) => !isFar(index)), far: indices.filter(isFar) };
}
