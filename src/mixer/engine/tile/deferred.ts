import type { Kernels } from '../../kernel/kernels.js';
import { LINE } from '../../memory/blocks.js';
import type { LevelLayout, TiledLayout } from '../../memory/layout.js';
import { filterSpectra } from './spectra.js';
import type { TileRunner } from './tile.js';

/** Spectra of a level's filter, for blocks 2 and 3 apart; and of a tile's inputs, two blocks at most. */
const KEPT = 2;

/**
 * Deferred tiles: the same convolutions as those of `fftTiles` with two children, but from blocks 2 and 3 before the
 * outputs. Between tiles nothing is kept except in the slots; where two blocks contribute, both are transformed.
 */
export function deferredTiles(
  kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  level: LevelLayout,
): TileRunner {
  const { groups, slots, stride, twisted, twiddles, scratch, scratchStride, scratchSpectra } = layout;
  const { side, spectrumStride } = level;
  const filters = filterSpectra(kernels, floats, layout, level, 1, KEPT);
  return {
    prepare: filters.prepare,
    run(at, rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      const spectra = points + scratchSpectra;
      const blocks = rows / side;
      for (let g = from; g < to; g++) {
        const inputs = slots + (lane * groups + g) * stride + (at - side) * LINE;
        const outputs = inputs + 2 * side * LINE;
        if (blocks === 2) {
          const earlier = inputs - side * LINE;
          kernels.transformRows(earlier, spectra, KEPT * spectrumStride, side, twisted, twiddles);
        }
        kernels.fanTile(
          inputs,
          outputs,
          count,
          side,
          blocks,
          KEPT + 1,
          spectra,
          filters.of(g, thread, blocks),
          spectrumStride,
          points,
          twisted,
          twiddles,
        );
      }
    },
  };
}
