import type { Kernels } from '../kernel/kernels.js';
import { LINE } from '../memory/blocks.js';
import type { TiledLayout, TileLayout } from '../memory/layout.js';
import type { TileRunner } from './tile.js';

/** The definition: side^2 multiply-adds per channel, best while the taps fit in registers and L1. */
export function directTiles(
  kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  tile: TileLayout,
): TileRunner {
  const { slots, stride } = layout;
  const { side, filter } = tile;
  const filterStride = 2 * side * LINE;
  return {
    prepare(group, taps) {
      const to = (filter + group * filterStride) / 4;
      floats.copyWithin(to, taps / 4, (taps + filterStride) / 4);
    },
    run(known, count, from, to) {
      const lines = slots + from * stride;
      kernels.directTile(
        lines + (known - side) * LINE,
        lines + known * LINE,
        stride,
        filter + from * filterStride,
        filterStride,
        to - from,
        side,
        count,
      );
    },
  };
}
