import type { Kernels } from '../kernel/kernels.js';
import { LINE } from '../memory/blocks.js';
import type { TiledLayout, TileLayout } from '../memory/layout.js';
import type { TileRunner } from './tile.js';

/**
 * A convolution of length 2 side. Of the side inputs and 2 side - 1 taps only the middle side outputs are wanted, so
 * the wrap-around falls on outputs that are thrown away, whatever its sign: the convolution may be negacyclic,
 * which the kernels do by complex transforms of only `side` points. One spectrum serves all tiles of the side.
 */
export function fftTiles(
  kernels: Kernels,
  _floats: Float32Array,
  layout: TiledLayout,
  tile: TileLayout,
): TileRunner {
  const { slots, stride, twisted, plain, scratch, scratchStride } = layout;
  const { side, filter } = tile;
  const filterStride = 2 * side * LINE;
  return {
    prepare(group, taps) {
      const points = filter + group * filterStride;
      kernels.spectrum(taps, points, side, twisted, plain);
      kernels.spectrum(taps + LINE / 2, points + filterStride / 2, side, twisted, plain);
    },
    run(known, count, from, to, thread) {
      const points = scratch + thread * scratchStride;
      for (let g = from; g < to; g++) {
        const outputs = slots + g * stride + known * LINE;
        const inputs = outputs - side * LINE;
        kernels.fftTile(inputs, outputs, count, side, filter + g * filterStride, points, twisted, plain);
      }
    },
  };
}
