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
export function costOf(costs: CostTable, { side, fanOut, tau }: LevelPlan): number {
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
    2: [NEVER, NEVER, 1.06, 0.9, 0.87, 1.04, 1.09, 1.31, 1.38, 1.59, 1.65, 1.9, 2.14, 2.16, 2.43, 2.67, 2.86],
    4: [NEVER, NEVER, 2.35, 2.22, 1.92, 2.27, 2.16, 2.7, 2.55, 3.2, 3.6, 4.5, 4.2, 5.1, 5.0, 5.9],
    8: [NEVER, NEVER, 3.19, 3.05, 2.95, 3.4, 3.4, 3.95, 3.85, 5.6, 6.0, 5.8, 7.0, 9.0, 9.8],
    16: [NEVER, NEVER, 4.81, 4.76, 5.2, 5.58, 5.79, 6.9, 8.33, 13.9, 11.0, 16.5, 20.0, 20.0],
  },
};
