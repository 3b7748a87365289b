/** Which tile is due when, as ranges only: urgent tiles (tiling.ts), deferred ones (flat.ts), and who computes them. */
import { deferredTile, isDeferred } from './flat.js';
import { binaryLevels, tileAfter, type Level, type Tile } from './tiling.js';

export * from './assign.js';
export * from './flat.js';
export * from './tiling.js';

/** All tiles of a run, in the order in which their inputs become complete; by default the paper's. */
export function* tiles(length: number, levels: readonly Level[] = binaryLevels(length)): Generator<Tile> {
  for (let known = 1; known < length; known++) {
    yield tileAfter(known, length, levels) as Tile;
    for (const [index, level] of levels.entries()) {
      if (!isDeferred(level) || known % level.side !== 0) continue;
      const tile = deferredTile(known, length, index, levels);
      if (tile !== undefined) yield tile;
    }
  }
}

/**
 * How many taps, of `rows`, are needed for all tiles due by the time `known` inputs are known and for the next position's
 * sums. A level with a delay takes as many children as are known at once; others are prepared for all of a block.
 */
export function tapsAfter(known: number, rows: number, levels: readonly Level[]): number {
  let taps = 0;
  for (const { side, fanOut, delay } of levels) {
    if (side > Math.max(1, known)) continue;
    const children = Math.min(fanOut, Math.floor(known / side));
    taps = Math.max(taps, delay === undefined ? side * fanOut : delay + (children + 1) * side);
  }
  return Math.min(taps, rows);
}
