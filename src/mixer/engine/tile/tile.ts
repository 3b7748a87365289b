/** One implementation of tau, for the tiles of one level in one convolution. */
export interface TileRunner {
  /**
   * Takes a group's taps, `[side * fanOut][16]` lines at an address, those past the filter's length 0. The tap at row
   * 0 is no tile's business.
   */
  prepare(group: number, taps: number): void;
  /**
   * Adds what the `rows` inputs before slot `at`, whole children of a block, contribute to `count` outputs, from that slot
   * on or, if deferred, `side` slots later, in one lane's groups `from` <= g < `to`. Called for each child in turn.
   */
  run(at: number, rows: number, count: number, lane: number, from: number, to: number, thread: number): void;
}
