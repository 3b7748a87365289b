import type { Kernels } from '../../kernel/kernels.js';
import { LINE } from '../../memory/blocks.js';
import type { LevelLayout, TiledLayout } from '../../memory/layout.js';
import { filterSpectra } from './spectra.js';
import type { TileRunner } from './tile.js';

/**
 * Convolutions of length 2 side. Of a child's side inputs and 2 side - 1 taps only the middle side outputs are wanted,
 * so the wrap-around falls on outputs that are thrown away, whatever its sign: the convolution may be negacyclic,
 * which the kernels do by complex transforms of only `side` points.
 *
 * A child's spectrum is the same whichever later child it meets, d places on; only the taps differ, (d - 1) side ...
 * (d + 1) side - 1. So each child is transformed once, the products of all children so far are summed as spectra, and
 * one inverse transform per tile suffices. With a fan-out of 2 there is one product and nothing to keep.
 */
export function fftTiles(
  kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  level: LevelLayout,
): TileRunner {
  const { groups, slots, stride, twisted, twiddles, scratch, scratchStride } = layout;
  const { side, fanOut, childSpectra, childSpectraStride, spectrumStride } = level;
  const distances = fanOut - 1;
  const filters = filterSpectra(kernels, floats, layout, level, 0, distances);
  return {
    prepare: filters.prepare,
    run(at, rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      for (let g = from; g < to; g++) {
        const place = lane * groups + g;
        const outputs = slots + place * stride + at * LINE;
        const inputs = outputs - side * LINE;
        const filter = filters.of(g, thread, distances);
        if (distances === 1) kernels.fftTile(inputs, outputs, count, side, filter, points, twisted, twiddles);
        else {
          const own = childSpectra + place * childSpectraStride;
          kernels.fanTile(
            inputs,
            outputs,
            count,
            side,
            rows / side,
            fanOut,
            own,
            filter,
            spectrumStride,
            points,
            twisted,
            twiddles,
          );
        }
      }
    },
  };
}

/** The last tile of a folded plan: its outputs replace its inputs. */
export function foldingTile(
  kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  level: LevelLayout,
): TileRunner {
  const { groups, slots, stride, twisted, twiddles, scratch, scratchStride } = layout;
  const { side } = level;
  const filters = filterSpectra(kernels, floats, layout, level, 0, 1);
  return {
    prepare: filters.prepare,
    run(_at, _rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      for (let g = from; g < to; g++) {
        const lines = slots + (lane * groups + g) * stride;
        kernels.convolveRows(lines, points, side, filters.of(g, thread, 1), twisted, twiddles);
        floats.fill(0, lines / 4, (lines + side * LINE) / 4);
        kernels.addUpper(points, lines, count, side, twisted);
      }
    },
  };
}
