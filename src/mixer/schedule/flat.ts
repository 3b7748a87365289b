import type { Level, Range, Tile } from './tiling.js';

/**
 * The deferred tile of a level whose inputs have just become complete, `known` being a multiple of its side. An even
 * output block takes what is 2 blocks before it; an odd one also what is 3 before, its neighbour's parent being that of
 * both: blocks further apart are the next level's.
 */
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

/** Inputs of the deferred tile of a side whose inputs end at `known`: one block or two. */
export function deferredInputs(known: number, side: number): number {
  return (known / side) % 2 === 0 ? 2 * side : side;
}

/**
 * A deferred tile consists of many *units*, one channel group of one convolution each. These are the units (from <= u < to) of
 * a level's latest tile that fall to the step that makes `known` inputs known: evenly spread over the first quarter of
 * the time there is. They must be done by its half, when the next smaller level's begin to add to the same outputs: sums
 * are then taken in the same order whoever is how late.
 */
export function sliceAfter(known: number, side: number, units: number): Range {
  const elapsed = known % side;
  const quarter = Math.max(1, side / 4);
  const until = (steps: number): number => Math.min(units, Math.floor((units * steps) / quarter));
  return { from: until(elapsed), to: until(elapsed + 1) };
}

/**
 * Deferred levels from so many times the side of the first on are *far*: their units take so long, and have so much
 * time, that threads of their own do them, or that they are done in stages, or both. Units of the others are little work, and
 * soon due.
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

/**
 * Taps 0 ... n - 1 are all that the tiles due until `known` inputs are known take, of `rows` there are, and the sums of the
 * next position: this n. A deferred level starts with blocks 2 apart; 3 apart are only those whose inputs end with the
 * second block or later.
 */
export function tapsAfter(known: number, rows: number, levels: readonly Level[]): number {
  let taps = 0;
  for (const { side, fanOut, form } of levels) {
    if (side > Math.max(1, known)) continue;
    taps = Math.max(taps, form === 'deferred' ? (known < 2 * side ? 3 : 4) * side : side * fanOut);
  }
  return Math.min(taps, rows);
}

/**
 * The levels of a flat tiling above blocks of `side` positions. The largest deferred side leaves no blocks further apart
 * than 3.
 */
export function flatLevels(side: number, length: number): Level[] {
  const levels: Level[] = side < length ? [{ side, fanOut: 2, form: 'adjacent' }] : [];
  for (let deferred = side; 2 * deferred < length; deferred *= 2) {
    levels.push({ side: deferred, fanOut: 2, form: 'deferred' });
  }
  return levels;
}
