import type { LevelKind } from '../../plan/index.js';
import { delayedTiles } from './delayed.js';
import { directTiles } from './direct.js';
import { fanTiles, fftTiles, foldingTile } from './fft.js';
import { referenceTiles } from './reference.js';
import { recurrenceTiles, windowTiles } from './ring.js';
import type { MakeTiles } from './tile.js';

const TILES: Readonly<Record<LevelKind, MakeTiles>> = {
  direct: directTiles,
  fft: fftTiles,
  fan: fanTiles,
  folding: foldingTile,
  delayed: delayedTiles,
  reference: referenceTiles,
  window: windowTiles,
  recurrence: recurrenceTiles,
};

/** One bank's tile implementation for a level. */
export const tileRunner: MakeTiles = (bank, level) => TILES[level.plan.kind](bank, level);
