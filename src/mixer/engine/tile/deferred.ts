import { LINE } from '../../memory/index.js';
import { filterSpectra } from './spectra.js';
import type { MakeTiles } from './tile.js';

/** Spectra of a level's filter, for blocks 2 and 3 apart; and of a tile's inputs, two blocks at most. */
const DISTANCES = 2;

/**
 * Deferred tiles: the same convolutions as those of `fftTiles`, but from blocks 2 and 3 before the outputs. Between tiles
 * nothing is kept except in the slots; where two blocks contribute, both are transformed.
 */
export const deferredTiles: MakeTiles = (bank, level) => {
  const { kernels, layout } = bank;
  const { units, slots, stride, twisted, twiddles, scratch, scratchStride, scratchSpectra } = layout;
  const { side, spectrumStride } = level;
  const filters = filterSpectra(bank, level, 1, DISTANCES);
  return {
    prepare: filters.prepare,
    run(at, rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      const spectra = points + scratchSpectra;
      const blocks = rows / side;
      for (let u = from; u < to; u++) {
        const inputs = slots + (lane * units + u) * stride + (at - side) * LINE;
        const outputs = inputs + 2 * side * LINE;
        if (blocks === 2) {
          const earlier = inputs - side * LINE;
          kernels.transformRows(earlier, spectra, DISTANCES * spectrumStride, side, twisted, twiddles);
        }
        kernels.fanTile(
          inputs,
          outputs,
          count,
          side,
          blocks,
          DISTANCES + 1,
          spectra,
          filters.of(u, thread, blocks),
          spectrumStride,
          points,
          twisted,
          twiddles,
        );
      }
    },
  };
};
