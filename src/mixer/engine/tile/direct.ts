import type { Kernels } from '../../kernel/kernels.js';
import { LINE } from '../../memory/blocks.js';
import type { LevelLayout, TiledLayout } from '../../memory/layout.js';
import type { TileRunner } from './tile.js';

/** The definition: side multiply-adds per input and channel, best while the taps fit in registers and L1. */
export function directTiles(
  kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  level: LevelLayout,
): TileRunner {
  const { groups, slots, stride } = layout;
  const { filter, filterStride } = level;
  return {
    prepare(group, taps) {
      const to = (filter + group * filterStride) / 4;
      floats.copyWithin(to, taps / 4, (taps + filterStride) / 4);
    },
    run(known, rows, count, lane, from, to) {
      const lines = slots + (lane * groups + from) * stride;
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
}
