import fft from 'ndarray-fft';
import ndarray from 'ndarray';
import type { Kernels } from '../kernel/kernels.js';
import { GROUP, LINE } from '../memory/blocks.js';
import type { TiledLayout, TileLayout } from '../memory/layout.js';
import type { TileRunner } from './tile.js';

/**
 * The readable reference: a cyclic convolution of length 2 side in float64, one channel at a time, transforming
 * the taps anew for every tile.
 */
export function ndarrayFftTiles(
  _kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  tile: TileLayout,
): TileRunner {
  const { slots, stride } = layout;
  const { side, filter } = tile;
  const n = 2 * side;
  const column = (at: number, rows: number): [Float64Array, Float64Array] => {
    const re = new Float64Array(n);
    for (let t = 0; t < rows; t++) re[t] = floats[at + t * GROUP];
    return [re, new Float64Array(n)];
  };
  return {
    prepare(group, taps) {
      const to = (filter + group * n * LINE) / 4;
      floats.copyWithin(to, taps / 4, (taps + n * LINE) / 4);
    },
    run(known, count, from, to) {
      for (let g = from; g < to; g++) {
        const output = (slots + g * stride + known * LINE) / 4;
        for (let c = 0; c < GROUP; c++) {
          const [re, im] = column(output - side * GROUP + c, side);
          const [hre, him] = column((filter + g * n * LINE) / 4 + c, n);
          fft(1, ndarray(re), ndarray(im));
          fft(1, ndarray(hre), ndarray(him));
          for (let k = 0; k < n; k++) {
            const product = re[k] * hre[k] - im[k] * him[k];
            im[k] = re[k] * him[k] + im[k] * hre[k];
            re[k] = product;
          }
          fft(-1, ndarray(re), ndarray(im));
          for (let o = 0; o < count; o++) floats[output + o * GROUP + c] += re[side + o];
        }
      }
    },
  };
}
