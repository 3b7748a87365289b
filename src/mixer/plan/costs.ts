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

/** Sides that the FFT cannot do. */
const NEVER = Infinity;

/** Measured by `measureCosts` on an AMD EPYC (Zen 5) virtual machine, one thread, relaxed SIMD. Only ratios matter to a plan. */
export const COSTS: CostTable = {
  direct: {
    2: [0.11, 0.14, 0.12, 0.16, 0.3, 0.72, 1.72, 3.74],
    4: [0.19, 0.32, 0.27, 0.49, 1.12, 2.56, 5.68],
    8: [0.32, 0.6, 0.61, 1.35, 3.04, 6.53],
    16: [0.57, 1.19, 1.48, 3.29, 7.08],
  },
  fft: {
    // prettier-ignore
    2: [NEVER, NEVER, NEVER, NEVER, 0.55, 0.62, 0.6, 0.76, 0.73, 0.92, 0.88, 1.08, 1.28, 1.59, 1.72, 1.88, 1.91],
    // prettier-ignore
    4: [NEVER, NEVER, NEVER, NEVER, 1.07, 1.16, 1.12, 1.4, 1.38, 1.65, 1.73, 2.39, 2.73, 2.8, 3.08, 3.14],
    // prettier-ignore
    8: [NEVER, NEVER, NEVER, NEVER, 1.54, 1.66, 1.63, 1.95, 1.87, 2.29, 2.75, 3.44, 3.67, 4.04, 4.06],
  },
};
