import { FLAT_FAN_OUT, type Level } from '../schedule/index.js';

/**
 * How the tiles of one level are computed (the paper's tau), by what kind of tiles they are.
 *
 * Between the children of a block, urgent:
 * - `direct`: by definition, `side` multiply-adds per input and channel
 * - `fft`: the paper's squares, a block of two children: one transform, one product, one inverse
 * - `fan`: 3 to 8 children, each transformed once, products of all of them summed as spectra
 * - `folding`: the single tile of a folded plan's last level. It spans half the length, and its outputs take the slots of its
 *   inputs, which no tile needs any more: half the memory for activations
 * - `reference`: by a plain FFT in float64, slow and readable
 *
 * Of a flat tiling, above the blocks of these:
 * - `delayed`: fans of 4 children, each transformed once, whose tiles go beyond the block and, but for the smallest side, begin
 *   some time after their inputs have ended
 *
 * Above the blocks of these, in place of a flat tiling, for filters that make one tile a block enough. Two blocks of slots then
 * serve all positions:
 * - `window`: from two blocks to the next one, urgent. For filters of at most 2 `side` + 1 taps
 * - `recurrence`: from all blocks before, by the states of a modal filter, `modes` a channel
 *
 * `recompute`: spectra of the filter are computed from the taps whenever a tile needs them, instead of kept: for large
 * sides, whose spectra take the most memory and have the fewest tiles to serve. Those of a delayed level's inputs as well.
 */
export type LevelPlan =
  | { readonly kind: 'direct' | 'fan' | 'reference'; readonly side: number; readonly fanOut: number }
  | {
      readonly kind: 'fft' | 'folding' | 'delayed';
      readonly side: number;
      readonly recompute?: true | undefined;
    }
  | { readonly kind: 'window'; readonly side: number }
  | {
      readonly kind: 'recurrence';
      readonly side: number;
      readonly modes: number;
      readonly complex?: true | undefined;
    };

export type LevelKind = LevelPlan['kind'];

/** A mixer's recipe: plain data, which can be printed, stored, compared and tested. */
export interface Plan {
  /** Positions the plan is for (L). */
  readonly length: number;
  /**
   * Ascending. The first has side 1, each next one the block (side times fan-out) of the one before; the last block holds
   * `length`, or is the side of the first of a flat tiling's delayed levels.
   */
  readonly levels: readonly LevelPlan[];
}

/** Whether the second half of the positions uses the slots of the first. */
export function isFolded({ levels }: Plan): boolean {
  return levels.at(-1)?.kind === 'folding';
}

/** Whether two blocks of slots serve all positions: the last level's, whose tiles are all that blocks have in common. */
export function isRing({ levels }: Pick<Plan, 'levels'>): boolean {
  const kind = levels.at(-1)?.kind;
  return kind === 'window' || kind === 'recurrence';
}

/** Positions that have slots of their own: position t is in slot t modulo this. */
export function periodOf(plan: Plan): number {
  const last = plan.levels.at(-1);
  if (last === undefined) return plan.length;
  if (isFolded(plan)) return last.side;
  return isRing(plan) ? 2 * last.side : plan.length;
}

/** Whether a level's spectra are recomputed. */
export function recomputes(level: LevelPlan): boolean {
  return 'recompute' in level && level.recompute === true;
}

/** Children of a level's blocks. */
export function fanOutOf(level: LevelPlan): number {
  return 'fanOut' in level ? level.fanOut : 2;
}

/** When a plan's tiles are due. */
export function tilingOf({ levels }: Pick<Plan, 'levels'>): Level[] {
  let below = 0;
  return levels.map((level) => {
    const { kind, side } = level;
    switch (kind) {
      case 'delayed': {
        const delay = below;
        below += side;
        return { side, fanOut: FLAT_FAN_OUT, delay };
      }
      case 'window':
      case 'recurrence':
        return { side, fanOut: 1, delay: 0 };
      default:
        return { side, fanOut: fanOutOf(level) };
    }
  });
}

/** The smallest side of FFT tiles. Direct tiles are faster up to there. */
export const SMALLEST_FFT = 16;

/**
 * The largest side of a flat plan's urgent tiles. A tile of this side takes about as long as 1/5 of a step of a small model;
 * smaller sides would defer more, at a higher price per level.
 */
export const FLAT_SIDE = 64;
