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

/** Measured by `measureCosts` on an AMD EPYC (Zen 2) virtual machine, one thread. Only ratios matter to a plan. */
export const COSTS: CostTable = {
  direct: {
    2: [0.18, 0.28, 0.29, 0.39, 0.7, 1.37, 3.02, 6.29],
    4: [0.32, 0.57, 0.66, 1.1, 2.14, 4.4, 9.32],
    8: [0.48, 1.04, 1.35, 2.54, 5.16, 10.54],
    16: [0.91, 1.84, 2.81, 5.58, 11.49],
  },
  fft: {
    // prettier-ignore
    2: [NEVER, NEVER, NEVER, NEVER, 1.04, 1.14, 1.28, 1.55, 1.61, 1.83, 1.91, 2.19, 2.45, 2.76, 2.81, 3.18, 3.26],
    // prettier-ignore
    4: [NEVER, NEVER, NEVER, NEVER, 2.16, 2.4, 2.54, 2.92, 3.03, 3.45, 3.7, 4.43, 4.57, 4.93, 5.21, 8.2],
    // prettier-ignore
    8: [NEVER, NEVER, NEVER, NEVER, 5.89, 5.95, 4.98, 7.14, 7.13, 8.19, 8.42, 9.29, 9.34, 10.18, 7.04],
  },
};
