/**
 * What one implementation's levels cost: by fan-out, then by log2 of the side, nanoseconds per token and channel. All
 * tiles of a block together, divided by the block's tokens and the channels.
 */
export type LevelCosts = Readonly<Record<number, readonly number[]>>;

/** What levels cost, by implementation. Plans are made from it. */
export interface CostTable {
  /** Side 1 includes fetching the pending sums, which the same kernel does. */
  readonly direct: LevelCosts;
  readonly fft: LevelCosts;
}

/** Sides that the FFT cannot do. */
const NEVER = Infinity;

/** Measured by `measureCosts` on an AMD EPYC (Zen 5) virtual machine, one thread, relaxed SIMD. Only ratios matter to a plan. */
export const COSTS: CostTable = {
  direct: {
    2: [0.11, 0.23, 0.17, 0.18, 0.3, 0.7, 1.63, 3.49],
    4: [0.18, 0.45, 0.33, 0.5, 1.08, 2.42, 5.25],
    8: [0.3, 0.74, 0.65, 1.31, 2.86, 6.13],
    16: [0.54, 1.33, 1.49, 3.13, 6.58],
  },
  fft: {
    // prettier-ignore
    2: [NEVER, NEVER, NEVER, NEVER, 0.5, 0.58, 0.55, 0.71, 0.7, 0.87, 0.84, 0.99, 1, 1.39, 1.44, 1.62, 1.61],
    4: [NEVER, NEVER, NEVER, NEVER, 0.89, 1, 0.98, 1.24, 1.2, 1.45, 1.41, 1.77, 2.14, 2.38, 2.59, 2.7],
    8: [NEVER, NEVER, NEVER, NEVER, 1.29, 1.45, 1.41, 1.71, 1.68, 2.01, 2.28, 2.81, 3.03, 3.31, 3.28],
  },
};
