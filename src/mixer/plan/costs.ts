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
  direct: [0.26, 0.22, 0.21, 0.31, 0.61, 1.17, 2.6, 5.5],
  fft: [
    Infinity,
    Infinity,
    1.06,
    0.92,
    0.87,
    1.03,
    1.09,
    1.31,
    1.39,
    1.59,
    1.65,
    1.91,
    2.14,
    2.16,
    2.46,
    2.67,
    2.86,
  ],
};
