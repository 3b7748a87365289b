import type { Kernels } from '../kernel/kernels.js';
import { LINE } from '../memory/blocks.js';
import type { LevelLayout, TiledLayout } from '../memory/layout.js';
import type { TileRunner } from './tile.js';

/** Spectra of a level's filter, for blocks 2 and 3 apart; and of a tile's inputs, two blocks at most. */
const KEPT = 2;

/**
 * Deferred tiles: the same convolutions as those of `fftTiles` with two children, but from blocks 2 and 3 before the
 * outputs. Between tiles nothing is kept except in the slots; where two blocks contribute, both are transformed.
 */
export function deferredTiles(
  kernels: Kernels,
  _floats: Float32Array,
  layout: TiledLayout,
  level: LevelLayout,
): TileRunner {
  const { groups, slots, stride, twisted, plain, scratch, scratchStride, largest } = layout;
  const { side, filter, filterStride, spectrumStride } = level;
  return {
    prepare(group, taps) {
      const points = filter + group * filterStride;
      for (let k = 0; k < KEPT; k++) {
        const lines = taps + (k + 1) * side * LINE;
        kernels.spectrum(lines, points + k * spectrumStride, filterStride / 2, side, twisted, plain);
      }
    },
    run(known, rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      const spectra = points + 2 * largest * LINE;
      const earlier = rows / side - 1;
      for (let g = from; g < to; g++) {
        const inputs = slots + (lane * groups + g) * stride + (known - side) * LINE;
        const outputs = inputs + 2 * side * LINE;
        if (earlier === 1) {
          const lines = inputs - side * LINE;
          kernels.transformRows(lines, spectra, KEPT * spectrumStride, side, twisted, plain);
        }
        const taps = filter + g * filterStride;
        kernels.fanTile(
          inputs,
          outputs,
          count,
          side,
          earlier + 1,
          KEPT + 1,
          spectra,
          taps,
          spectrumStride,
          points,
          twisted,
          plain,
        );
      }
    },
  };
}
