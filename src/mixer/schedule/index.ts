/** Which tile is due when: as ranges only, of urgent tiles and of deferred ones. */
import { deferredTile } from './flat.js';
import { binaryLevels, tileAfter, type Level, type Tile } from './tiling.js';

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
