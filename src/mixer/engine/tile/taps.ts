import type { Bank, LevelLayout, TiledLayout } from '../../memory/index.js';
import type { TileRunner } from './tile.js';

/** Keeps the taps themselves as what a level's tiles take of the filter. */
export function keepTaps(
  { floats }: Bank<TiledLayout>,
  { filter, filterStride }: LevelLayout,
): TileRunner['prepare'] {
  return (unit, taps) => {
    floats.copyWithin((filter + unit * filterStride) / 4, taps / 4, (taps + filterStride) / 4);
  };
}
