import type { Bank, LevelLayout, TiledLayout } from '../../memory/index.js';
import type { Modes } from '../../modes.js';

/** One implementation of tau, for the tiles of one level in one bank. */
export interface TileRunner {
  /**
   * Takes a unit's taps, `[side * children][16]` lines at an address, those past the filter's length 0. The tap at row
   * 0 is no tile's business.
   */
  prepare(unit: number, taps: number): void;
  /** Takes a unit's modes, of channel group `group`: what a recurrence has in place of taps. */
  setModes?(unit: number, group: number, modes: Modes): void;
  /**
   * Adds what the `rows` inputs before slot `at`, whole children of a block, contribute to `count` outputs, which begin the
   * level's delay later, in one lane's units `from` <= u < `to`. Called for each child in turn.
   */
  run(at: number, rows: number, count: number, lane: number, from: number, to: number, thread: number): void;
}

export type MakeTiles = (bank: Bank<TiledLayout>, level: LevelLayout) => TileRunner;
