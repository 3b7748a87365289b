/** What a model carries from token to token beside what its long convolutions hold. */

/**
 * Values that a step makes and that the `past` steps after it read. In the step graph, the output `NAME_0` becomes the
 * input `NAME_1` of the next step, `NAME_2` of the one after, up to `NAME_past`; all are zero where sequences begin.
 */
export interface StateTensor {
  readonly name: string;
  /** Shape without the lanes, which come second: `[dims[0], lane, dims[1], ...]`. */
  readonly dims: readonly [number, ...number[]];
  readonly past: number;
  /**
   * Left out: a step replaces what there was. True: it adds a row, and all rows of before are read: keys and values, of so
   * many heads and channels, `[lane, head, row, channel]`.
   */
  readonly grows?: true;
}

/** What one layer declares: a `StateTensor` without the axis of layers. */
export interface LayerState {
  readonly name: string;
  readonly dims: readonly number[];
  readonly past: number;
  readonly grows?: true;
}

/** A tensor of the state, and by layer its place in the first axis: -1 where the layer has none. */
export interface StackedState extends StateTensor {
  readonly places: readonly number[];
}
