import type { LevelPlan } from './plan.js';

/**
 * What one implementation's levels cost: by fan-out, then by log2 of the side, nanoseconds per token and channel. All
 * tiles of a block together, divided by the block's tokens and the channels.
 */
export type LevelCosts = Readonly<Record<number, readonly number[]>>;

export interface CostTable {
  /** Side 1 includes fetching the pending sums, which the same kernel does. */
  readonly direct: LevelCosts;
  readonly fft: LevelCosts;
}

/**
 * What a level costs by a table. Past the end of a row, a direct tile has lost for good; the cost of an FFT grows so
 * slowly that its last entry will do.
 */
export function costOf(costs: CostTable, { side, fanOut, tau, form }: LevelPlan): number {
  // A binary level has half a tile per child. An adjacent one has one per child; a deferred one has one and a half
  // forward transforms and products, and one inverse transform.
  if (form !== undefined) {
    return (form === 'adjacent' ? 2 : 2.6) * costOf(costs, { side, fanOut: 2, tau });
  }
  if (tau === 'ndarray-fft') return Infinity;
  const row = costs[tau][fanOut] ?? [];
  const log = Math.log2(side);
  return row[log] ?? (tau === 'fft' && log >= row.length ? row[row.length - 1] : undefined) ?? Infinity;
}

/** Sides that the FFT cannot do. */
const NEVER = Infinity;

/** Measured by `measureCosts` on an AMD EPYC (Zen 4) virtual machine, one thread. Only ratios matter to a plan. */
export const COSTS: CostTable = {
  direct: {
    2: [0.15, 0.3, 0.21, 0.31, 0.61, 1.17, 2.59, 5.48],
    4: [0.25, 0.46, 0.54, 0.95, 1.86, 3.91, 8.21],
    8: [0.4, 0.85, 1.16, 2.24, 4.63, 9.71],
    16: [0.77, 1.55, 2.44, 5.02, 10.38],
  },
  fft: {
    // prettier-ignore
    2: [NEVER, NEVER, 1.06, 0.89, 0.88, 1.05, 1.09, 1.31, 1.37, 1.59, 1.64, 1.89, 2.17, 2.45, 2.74, 3.03, 3.71],
    4: [NEVER, NEVER, 2.35, 2.24, 1.94, 2.28, 2.17, 2.83, 2.61, 3.26, 3.34, 4.08, 4.12, 4.65, 4.57, 5.56],
    8: [NEVER, NEVER, 3.19, 3.04, 2.92, 3.38, 3.31, 3.94, 4.0, 5.07, 5.46, 6.66, 6.58, 7.57, 7.21],
    16: [NEVER, NEVER, 4.8, 4.63, 4.92, 5.49, 5.44, 6.78, 8.45, 13.99, 14.46, 17.31, 16.13, 16.93],
  },
};
