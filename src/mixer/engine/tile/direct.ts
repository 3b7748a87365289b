import { LINE } from '../../memory/index.js';
import { keepTaps } from './taps.js';
import type { MakeTiles } from './tile.js';

/** The definition: side multiply-adds per input and channel, best while the taps fit in registers and L1. */
export const directTiles: MakeTiles = (bank, level) => {
  const { kernels, layout } = bank;
  const { units, slots, stride } = layout;
  const { filter, filterStride } = level;
  return {
    prepare: keepTaps(bank, level),
    run(known, rows, count, lane, from, to) {
      const lines = slots + (lane * units + from) * stride;
      kernels.directTile(
        lines + (known - rows) * LINE,
        lines + known * LINE,
        stride,
        filter + from * filterStride,
        filterStride,
        to - from,
        rows,
        count,
      );
    },
  };
};
