/** Which tile is due when, as ranges only: urgent tiles (tiling.ts), deferred ones (flat.ts), and who computes them. */
import { deferredTile } from './flat.js';
import { binaryLevels, tileAfter, type Level, type Tile } from './tiling.js';

export * from './assign.js';
export * from './flat.js';
export * from './tiling.js';

/** All tiles of a run, in the order in which their inputs become complete; by default the paper's. */
export function* tiles(length: number, levels: readonly Level[] = binaryLevels(length)): Generator<Tile> {
  for (let known = 1; known < length; known++) {
    yield tileAfter(known, length, levels) as Tile;
    for (const [index, { side, form }] of levels.entries()) {
      if (form !== 'deferred' || known % side !== 0) continue;
      const tile = deferredTile(known, length, index, levels);
      if (tile !== undefined) yield tile;
    }
  }
}

/**
 * How many taps, of `rows`, are needed for all tiles due by the time `known` inputs are known and for the next position's
 * sums. A deferred level starts with blocks 2 apart; 3 apart are only those whose inputs end with the second block or later.
 */
export function tapsAfter(known: number, rows: number, levels: readonly Level[]): number {
  let taps = 0;
  for (const { side, fanOut, form } of levels) {
    if (side > Math.max(1, known)) continue;
    taps = Math.max(taps, form === 'deferred' ? (known < 2 * side ? 3 : 4) * side : side * fanOut);
  }
  return Math.min(taps, rows);
}
