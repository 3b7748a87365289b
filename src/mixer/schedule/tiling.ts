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
 * stalls the run. A *flat* tiling has urgent tiles only up to some side; see flat.ts.
 *
 * Nothing here knows about convolutions: any mixer that can aggregate the contributions of a range of inputs to a
 * range of outputs, without knowing anything about the outputs (the paper's P.1 and P.2), runs on the same schedule.
 */

/**
 * One level of the tiling. The first has side 1, each next one the block of the one below as its side. Of levels with a delay,
 * see flat.ts.
 */
export interface Level {
  /** Positions of a child, outputs of a tile (U). */
  readonly side: number;
  /** Children of a block (B), at least 2; with a delay, at least 1. */
  readonly fanOut: number;
  /**
   * Where not given, a block's tiles stay within the block: none comes after its last child. Otherwise each child has one, the
   * last included, and its outputs begin so many positions after the child has ended. With a fan-out of 1 and no delay (0),
   * tiles go from each child to the next, and there are no others.
   */
  readonly delay?: number | undefined;
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
  /** Begins where the inputs end, or the level's delay later; `side` positions, or less where clipped at the length. */
  readonly outputs: Range;
}

/**
 * The level whose urgent tile is due once `known` inputs (positions 0 ... known - 1) are known: the last one whose side
 * divides `known`, in other words the lowest digit of `known` that is not 0, in the mixed base of the fan-outs.
 */
export function levelAfter(known: number, levels: readonly Level[]): number {
  let level = 0;
  for (let next = 1; next < levels.length && known % levels[next].side === 0; next++) {
    if ((levels[next].delay ?? 0) > 0) break;
    level = next;
  }
  return level;
}

/** Inputs of the tile of a level once `known` are known, a multiple of its side: what is known of the block. */
export function inputsAfter(known: number, { side, fanOut, delay }: Level): number {
  const block = side * fanOut;
  return delay !== undefined && known % block === 0 ? block : known % block;
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

/** How many tiles of a level a run has. */
export function tilesOf({ side, fanOut, delay }: Level, length: number): number {
  if (delay !== undefined) return Math.max(0, Math.ceil((length - delay) / side) - 1);
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
