import { LINE } from '../../memory/index.js';
import { filterSpectra } from './spectra.js';
import type { MakeTiles } from './tile.js';

/**
 * Convolutions of length 2 side. Of a child's side inputs and 2 side - 1 taps only the middle side outputs are wanted,
 * so the wrap-around falls on outputs that are thrown away, whatever its sign: the convolution may be negacyclic,
 * which the kernels do by complex transforms of only `side` points.
 */
export const fftTiles: MakeTiles = (bank, level) => {
  const { kernels, layout } = bank;
  const { units, slots, stride, twisted, twiddles, scratch, scratchStride } = layout;
  const { side } = level;
  const filters = filterSpectra(bank, level, 1);
  return {
    prepare: filters.prepare,
    run(at, _rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      for (let u = from; u < to; u++) {
        const outputs = slots + (lane * units + u) * stride + at * LINE;
        const filter = filters.of(u, thread, 1);
        kernels.fftTile(outputs - side * LINE, outputs, count, side, filter, points, twisted, twiddles);
      }
    },
  };
};

/**
 * The same for more than two children. A child's spectrum is the same whichever later child it meets, d places on; only the
 * taps differ, (d - 1) side ... (d + 1) side - 1. So each child is transformed once, the products of all children so far
 * are summed as spectra, and one inverse transform per tile suffices.
 */
export const fanTiles: MakeTiles = (bank, level) => {
  const { kernels, layout } = bank;
  const { units, slots, stride, twisted, twiddles, scratch, scratchStride } = layout;
  const { side, children, childSpectra, childSpectraStride, spectrumStride } = level;
  const distances = children - 1;
  const filters = filterSpectra(bank, level, distances);
  return {
    prepare: filters.prepare,
    run(at, rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      for (let u = from; u < to; u++) {
        const place = lane * units + u;
        const outputs = slots + place * stride + at * LINE;
        kernels.fanTile(
          outputs - side * LINE,
          outputs,
          count,
          side,
          rows / side,
          children,
          childSpectra + place * childSpectraStride,
          filters.of(u, thread, distances),
          spectrumStride,
          points,
          twisted,
          twiddles,
        );
      }
    },
  };
};

/** The last tile of a folded plan: its outputs replace its inputs. */
export const foldingTile: MakeTiles = (bank, level) => {
  const { kernels, floats, layout } = bank;
  const { units, slots, stride, twisted, twiddles, scratch, scratchStride } = layout;
  const { side } = level;
  const filters = filterSpectra(bank, level, 1);
  return {
    prepare: filters.prepare,
    run(_at, _rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      for (let u = from; u < to; u++) {
        const lines = slots + (lane * units + u) * stride;
        kernels.convolveRows(lines, points, side, filters.of(u, thread, 1), twisted, twiddles);
        floats.fill(0, lines / 4, (lines + side * LINE) / 4);
        kernels.addUpper(points, lines, count, side, twisted);
      }
    },
  };
};
