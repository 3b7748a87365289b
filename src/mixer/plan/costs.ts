/**
 * What tiles cost: nanoseconds per token and channel, indexed by log2 of the side, for each implementation.
 * A tile of side U is due every 2 U tokens, so a tile's time divided by 2 U and by the channels.
 */
export interface CostTable {
  readonly direct: readonly number[];
  readonly fft: readonly number[];
  readonly 'ndarray-fft'?: readonly number[];
}

/** Measured by `measureCosts` on an AMD EPYC (Zen 4) virtual machine, one thread. Only ratios matter to a plan. */
export const COSTS: CostTable = {
  direct: [0.3, 0.3, 0.28, 0.35, 0.65, 1.23, 2.67, 5.58],
  fft: [
    Infinity,
    Infinity,
    1.04,
    0.85,
    0.87,
    1.1,
    1.16,
    1.39,
    1.47,
    1.67,
    1.74,
    2.03,
    2.02,
    2.25,
    2.33,
    2.64,
    2.89,
  ],
};
