import type { Level } from '../schedule/index.js';

/** The implementations of a tile's contribution (the paper's tau). */
export type TauName = 'direct' | 'fft' | 'ndarray-fft';

/** How the tiles of one level are computed. */
export interface LevelPlan extends Level {
  readonly tau: TauName;
  /**
   * Spectra of the filter are computed from the taps whenever a tile needs them, instead of kept: for large sides, whose
   * spectra take the most memory and have the fewest tiles to serve. For FFTs with one product.
   */
  readonly recompute?: true | undefined;
}

/** A mixer's recipe: plain data, which can be printed, stored, compared and tested. */
export interface Plan {
  /** Positions the plan is for (L). */
  readonly length: number;
  /**
   * Ascending. The first has side 1, each next one the block (side times fan-out) of the one before; the last block holds
   * `length`, or is the side of a flat tiling's adjacent and deferred levels.
   */
  readonly levels: readonly LevelPlan[];
  /**
   * The second half of the positions uses the slots of the first, which the last level's only tile, of half the length,
   * overwrites with what it contributes: no other tile crosses the middle. Half the memory for activations.
   */
  readonly folded?: true | undefined;
}

/** The smallest side of FFT tiles. Direct tiles are faster up to there. */
export const SMALLEST_FFT = 16;

/**
 * The largest side of a flat plan's urgent tiles. A tile of this side takes about as long as 1/5 of a step of a small model;
 * smaller sides would defer more, at a higher price per level.
 */
export const FLAT_SIDE = 64;
