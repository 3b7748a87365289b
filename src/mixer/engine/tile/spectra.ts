import type { Kernels } from '../../kernel/kernels.js';
import { LINE } from '../../memory/blocks.js';
import type { LevelLayout, TiledLayout } from '../../memory/layout.js';

/** The spectra of a filter that one level's tiles of a group multiply with. */
export interface FilterSpectra {
  /** Makes those that are kept. `taps`: see `TileRunner.prepare`. */
  readonly prepare: (group: number, taps: number) => void;
  /** Where they are; the first `count` of them are there. */
  readonly of: (group: number, thread: number, count: number) => number;
}

/**
 * Spectra of taps `(first + k) side` ... `(first + k + 2) side - 1`, k < `kept`. They are kept, or recomputed in a scratch
 * area for each tile. Those of deferred levels are made when first needed: by then their taps may have been set while
 * the run went on, and whoever computes the tile computes them.
 */
export function filterSpectra(
  kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  level: LevelLayout,
  first: number,
  kept: number,
): FilterSpectra {
  const { taps, tapStride, twisted, twiddles, scratch, scratchStride, scratchFilter } = layout;
  const { side, form, recompute, filter, filterStride, spectrumStride, ready } = level;
  const make = (lines: number, spectra: number, k: number): void => {
    const from = lines + (first + k) * side * LINE;
    kernels.spectrum(from, spectra + k * spectrumStride, filterStride / 2, side, twisted, twiddles);
  };
  if (recompute) {
    return {
      prepare: () => undefined,
      of(group, thread, count) {
        const spectra = scratch + thread * scratchStride + scratchFilter;
        for (let k = 0; k < count; k++) make(taps + group * tapStride, spectra, k);
        return spectra;
      },
    };
  }
  if (form === 'deferred') {
    return {
      prepare: () => undefined,
      of(group, _thread, count) {
        const spectra = filter + group * filterStride;
        for (let k = 0; k < count; k++) {
          const flag = ready / 4 + 2 * group + k;
          if (floats[flag] === 1) continue;
          make(taps + group * tapStride, spectra, k);
          floats[flag] = 1;
        }
        return spectra;
      },
    };
  }
  return {
    prepare(group, lines) {
      for (let k = 0; k < kept; k++) make(lines, filter + group * filterStride, k);
    },
    of: (group) => filter + group * filterStride,
  };
}
