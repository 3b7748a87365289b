/**
 * Which tile is due when: the tiling of Flash Inference, as ranges only.
 *
 * The plane of all pairs (input i, output t), i < t, is cut into tiles so that each is complete, i.e. has all its
 * inputs, just before its first output is needed. At each level, blocks of `side * fanOut` positions consist of
 * `fanOut` children of `side` positions; when a child has ended, one tile adds what all of the block so far
 * contributes to the next child. Pairs within one child are the business of the level below, whose blocks are this
 * level's children. With a fan-out of 2 throughout this is the paper's Algorithm 1, and all tiles are squares.
 *
 * Nothing here knows about convolutions: any mixer that can aggregate the contributions of a range of inputs to a
 * range of outputs, without knowing anything about the outputs (the paper's P.1 and P.2), runs on the same schedule.
 */

/** One level of the tiling. The first has side 1, each next one the block of the one below as its side. */
export interface Level {
  /** Positions of a child, outputs of a tile (U). */
  readonly side: number;
  /** Children of a block (B), at least 2. */
  readonly fanOut: number;
}

/** Positions `from` <= p < `to`, 0-based. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The contribution of `inputs`, 1 ... fanOut - 1 children of a block, to `outputs`, the next child. */
export interface Tile {
  /** Index of the level. */
  readonly level: number;
  readonly side: number;
  /** Begins where the block begins. */
  readonly inputs: Range;
  /** Begins where the inputs end; `side` positions, or less where clipped at the length. */
  readonly outputs: Range;
}

/**
 * The level whose tile is due once `known` inputs (positions 0 ... known - 1) are known: the last one whose side
 * divides `known`, in other words the lowest digit of `known` that is not 0, in the mixed base of the fan-outs.
 */
export function levelAfter(known: number, levels: readonly Level[]): number {
  let level = 0;
  while (level + 1 < levels.length && known % levels[level + 1].side === 0) level++;
  return level;
}

/** Inputs of the tile that is due at a level: what is known of the block. */
export function inputsAfter(known: number, { side, fanOut }: Level): number {
  return known % (side * fanOut);
}

/** The tile due once `known` inputs are known, out of `length` positions; none after the last. */
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

/** All tiles of a run, in the order they fall due; by default the paper's. */
export function* tiles(length: number, levels: readonly Level[] = binaryLevels(length)): Generator<Tile> {
  for (let known = 1; known < length; known++) yield tileAfter(known, length, levels) as Tile;
}

/** How many tiles of a level a run has. */
export function tilesOf({ side, fanOut }: Level, length: number): number {
  return Math.floor((length - 1) / side) - Math.floor((length - 1) / (side * fanOut));
}

/** The paper's levels: a fan-out of 2 at every power of two below `length`. */
export function binaryLevels(length: number): Level[] {
  return sidesOf(length).map((side) => ({ side, fanOut: 2 }));
}

/** The powers of two below `length`, ascending. */
export function sidesOf(length: number): number[] {
  const sides: number[] = [];
  for (let side = 1; side < length; side *= 2) sides.push(side);
  return sides;
}
