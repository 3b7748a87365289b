/** One implementation of tau, for the tiles of one side in one layer. */
export interface TileRunner {
  /**
   * Takes a group's taps, `[2 side][16]` lines at an address, those past the filter's length 0. The tap at row 0
   * is no tile's business.
   */
  prepare(group: number, taps: number): void;
  /**
   * Adds what inputs `known - side` ... `known - 1` contribute to outputs `known` ... `known + count - 1`, in the
   * slots of groups `from` <= g < `to`.
   */
  run(known: number, count: number, from: number, to: number, thread: number): void;
}
