/**
 * Which tile is due when: the tiling of Flash Inference, as ranges only.
 *
 * The plane of all pairs (input i, output t), i < t, is cut into tiles so that each is complete, i.e. has all its
 * inputs, just before its first output is needed. At each level, blocks of `side * fanOut` positions consist of
 * `fanOut` children of `side` positions; when a child has ended, one tile adds what all of the block so far
 * contributes to the next child. Pairs within one child are the business of the level below, whose blocks are this
 * level's children. With a fan-out of 2 throughout this is the paper's Algorithm 1, and all tiles are squares.
 *
 * Such tiles are urgent: their last input is known just before their first output is needed, so that the largest one
 * stalls the run. A *flat* tiling has urgent tiles only up to some side S; beyond, tiles are *deferred*. At each deferred
 * level, the pairs of blocks (input block p, output block c) have c - p >= 2: what is to be added to block c is complete
 * one whole block before c begins, and may be computed any time in between. Each level leaves the pairs of neighbouring
 * blocks to the level of half its side, whose blocks are then 2 or 3 apart; at side S, one urgent *adjacent* tile per
 * block takes them. This is Gardner's convolution without latency (1995), with work that is spread evenly over time.
 *
 * Nothing here knows about convolutions: any mixer that can aggregate the contributions of a range of inputs to a
 * range of outputs, without knowing anything about the outputs (the paper's P.1 and P.2), runs on the same schedule.
 */

/**
 * What the tiles of a level are: by default urgent, those between the children of one block; `adjacent`, urgent, those
 * between neighbouring blocks; `deferred`, those between blocks 2 or 3 apart.
 */
export type Form = 'adjacent' | 'deferred';

/**
 * One level of the tiling. The first has side 1, each next one the block of the one below as its side; after an adjacent
 * level of side S come deferred levels of sides S, 2S, 4S, ...
 */
export interface Level {
  /** Positions of a child, outputs of a tile (U). */
  readonly side: number;
  /** Children of a block (B), at least 2; 2 for other forms. */
  readonly fanOut: number;
  readonly form?: Form | undefined;
}

/** Positions `from` <= p < `to`, 0-based. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The contribution of `inputs`, one or more children of a block, to `outputs`, a later child. */
export interface Tile {
  /** Index of the level. */
  readonly level: number;
  readonly side: number;
  readonly inputs: Range;
  /** Begins where the inputs end, or `side` positions later if deferred; `side` positions, or less where clipped at the length. */
  readonly outputs: Range;
}

/**
 * The level whose urgent tile is due once `known` inputs (positions 0 ... known - 1) are known: the last one whose side
 * divides `known`, in other words the lowest digit of `known` that is not 0, in the mixed base of the fan-outs.
 */
export function levelAfter(known: number, levels: readonly Level[]): number {
  let level = 0;
  for (let next = 1; next < levels.length && known % levels[next].side === 0; next++) {
    if (levels[next].form === 'deferred') break;
    level = next;
  }
  return level;
}

/** Inputs of the urgent tile that is due at a level: what is known of the block, or the last block. */
export function inputsAfter(known: number, { side, fanOut, form }: Level): number {
  return form === 'adjacent' ? side : known % (side * fanOut);
}

/** The urgent tile due once `known` inputs are known, out of `length` positions; none after the last. */
export function tileAfter(known: number, length: number, levels: readonly Level[]): Tile | undefined {
  if (known < 1 || known >= length) return undefined;
  const level = levelAfter(known, levels);
  const { side } = levels[level];
  return {
    level,
    side,
    inputs: { from: known - inputsAfter(known, levels[level]), to: known },
    outputs: { from: known, to: Math.min(known + side, length) },
  };
}

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
 * A deferred tile consists of many *units*, one channel group of one layer each. These are the units (from <= u < to) of
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

/** All tiles of a run, in the order in which their inputs become complete; by default the paper's. */
export function* tiles(length: number, levels: readonly Level[] = binaryLevels(length)): Generator<Tile> {
  for (let known = 1; known < length; known++) {
    yield tileAfter(known, length, levels) as Tile;
    for (const [index, { side, form }] of levels.entries()) {
      if (form !== 'deferred' || known % side !== 0) continue;
      const tile = deferredTile(known, length, index, levels);
      if (tile !== undefined) yield tile;
    }
  }
}

/** How many tiles of a level a run has. */
export function tilesOf({ side, fanOut, form }: Level, length: number): number {
  const blocks = Math.floor((length - 1) / side);
  if (form === 'adjacent') return blocks;
  if (form === 'deferred') return Math.max(0, blocks - 1);
  return blocks - Math.floor((length - 1) / (side * fanOut));
}

/** The paper's levels: a fan-out of 2 at every power of two below `length`. */
export function binaryLevels(length: number): Level[] {
  return sidesOf(length).map((side) => ({ side, fanOut: 2 }));
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

/** The powers of two below `length`, ascending. */
export function sidesOf(length: number): number[] {
  const sides: number[] = [];
  for (let side = 1; side < length; side *= 2) sides.push(side);
  return sides;
}
