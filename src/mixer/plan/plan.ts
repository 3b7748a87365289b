/** The implementations of a tile's contribution (the paper's tau). */
export type TauName = 'direct' | 'fft' | 'ndarray-fft';

/** How the tiles of one side are computed. */
export interface TilePlan {
  /** Inputs of the tile, and outputs: a power of two (U). */
  readonly side: number;
  readonly tau: TauName;
}

/** A mixer's recipe: plain data, which can be printed, stored, compared and tested. */
export interface Plan {
  /** Positions the plan is for (L). */
  readonly length: number;
  /** One entry per side that occurs, ascending: 1, 2, 4, ... below `length`. */
  readonly tiles: readonly TilePlan[];
}
