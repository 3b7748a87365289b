/**
 * Which tile is due when: Algorithm 1 of Flash Inference, as ranges only.
 *
 * The plane of all pairs (input i, output t), i < t, is cut into squares so that each is complete, i.e. has all its
 * inputs, just before its first output is needed. Nothing here knows about convolutions: any mixer that can
 * aggregate the contributions of a range of inputs to a range of outputs, without knowing anything about the outputs
 * (the paper's P.1 and P.2), runs on the same schedule.
 */

/** Positions `from` <= p < `to`, 0-based. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The contribution of `inputs` to `outputs`; as many inputs as `side`, at most as many outputs. */
export interface Tile {
  /** The lowest set bit of `inputs.to` (U). */
  readonly side: number;
  readonly inputs: Range;
  /** Begins where the inputs end. Clipped at the length. */
  readonly outputs: Range;
}

/** The side of the tile due once `known` inputs (positions 0 ... known - 1) are known: its lowest set bit. */
export function sideAfter(known: number): number {
  return known & -known;
}

/** The tile due once `known` inputs are known, out of `length` positions; none after the last. */
export function tileAfter(known: number, length: number): Tile | undefined {
  if (known < 1 || known >= length) return undefined;
  const side = sideAfter(known);
  return {
    side,
    inputs: { from: known - side, to: known },
    outputs: { from: known, to: Math.min(known + side, length) },
  };
}

/** All tiles of a run, in the order they fall due. */
export function* tiles(length: number): Generator<Tile> {
  for (let known = 1; known < length; known++) yield tileAfter(known, length) as Tile;
}

/** The sides that occur in a run: the powers of two below `length`, ascending. */
export function sidesOf(length: number): number[] {
  const sides: number[] = [];
  for (let side = 1; side < length; side *= 2) sides.push(side);
  return sides;
}

/** How many tiles of a side a run has. */
export function tilesOfSide(side: number, length: number): number {
  return Math.floor((length - 1 + side) / (2 * side));
}
