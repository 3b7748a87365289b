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
    2: [0.1, 0.23, 0.16, 0.17, 0.29, 0.66, 1.58, 3.39],
    4: [0.18, 0.43, 0.31, 0.48, 1.03, 2.32, 5.01],
    8: [0.29, 0.7, 0.63, 1.26, 2.75, 5.88],
    16: [0.51, 1.24, 1.43, 2.98, 6.31],
  },
  fft: {
    // prettier-ignore
    2: [NEVER, NEVER, NEVER, NEVER, 0.49, 0.56, 0.53, 0.7, 0.67, 0.83, 0.82, 0.97, 1.02, 1.34, 1.37, 1.57, 1.63],
    4: [NEVER, NEVER, NEVER, NEVER, 0.93, 1.03, 1, 1.26, 1.22, 1.46, 1.46, 1.88, 2.21, 2.47, 2.6, 2.65],
    8: [NEVER, NEVER, NEVER, NEVER, 1.37, 1.52, 1.54, 1.8, 1.75, 2.11, 2.35, 3.01, 3.21, 3.43, 3.46],
  },
};
