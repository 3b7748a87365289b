import { sidesOf } from '../schedule.js';
import { COSTS, type CostTable } from './costs.js';

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

/** The smallest side the radix-4 transforms can do. */
export const SMALLEST_FFT = 4;

/** The paper's hybrid: for each side the implementation that a cost table says is cheapest. */
export function planFor(length: number, costs: CostTable = COSTS): Plan {
  const cost = (tau: TauName, side: number): number => costs[tau]?.[Math.log2(side)] ?? Infinity;
  return {
    length,
    tiles: sidesOf(length).map((side) => {
      // Past the end of the table the FFT has won for good.
      const direct = side < SMALLEST_FFT || cost('direct', side) <= cost('fft', side);
      return { side, tau: direct && Math.log2(side) < costs.direct.length ? 'direct' : 'fft' };
    }),
  };
}

/** Throws a RangeError unless a plan (which may come from a file) fits a length. */
export function checkPlan(plan: Plan, length: number): void {
  if (plan.length !== length) throw new RangeError(`the plan is for length ${plan.length}, not ${length}`);
  const sides = sidesOf(length);
  if (plan.tiles.length !== sides.length) {
    throw new RangeError(
      `length ${length} has tiles of ${sides.length} sides, the plan of ${plan.tiles.length}`,
    );
  }
  plan.tiles.forEach(({ side, tau }, k) => {
    if (side !== sides[k])
      throw new RangeError(`tile ${k} of the plan has side ${side}, expected ${sides[k]}`);
    if (tau !== 'direct' && tau !== 'fft' && tau !== 'ndarray-fft') {
      throw new RangeError(`unknown tile implementation ${String(tau)} for side ${side}`);
    }
    if (tau === 'fft' && side < SMALLEST_FFT) {
      throw new RangeError(`fft tiles have a side of at least ${SMALLEST_FFT}, not ${side}`);
    }
  });
}
