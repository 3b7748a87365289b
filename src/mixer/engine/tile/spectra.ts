import { type Bank, type LevelLayout, LINE, type TiledLayout } from '../../memory/index.js';
import { recomputes } from '../../plan/index.js';

/** The spectra of a filter that one level's tiles of a unit multiply with. */
export interface FilterSpectra {
  /** Makes those that are kept. `taps`: see `TileRunner.prepare`. */
  readonly prepare: (unit: number, taps: number) => void;
  /** Where they are; the first `count` of them are there. */
  readonly of: (unit: number, thread: number, count: number) => number;
}

/**
 * Spectra of taps `k side` ... `(k + 2) side - 1`, k < `distances`. They are kept, or recomputed in a scratch area for each tile.
 */
export function filterSpectra(
  { kernels, layout }: Bank<TiledLayout>,
  level: LevelLayout,
  distances: number,
): FilterSpectra {
  const { taps, tapStride, twisted, twiddles, scratch, scratchStride, scratchFilter } = layout;
  const { plan, side, filter, filterStride, spectrumStride } = level;
  const make = (lines: number, spectra: number, k: number): void => {
    const from = lines + k * side * LINE;
    kernels.spectrum(from, spectra + k * spectrumStride, filterStride / 2, side, twisted, twiddles);
  };
  if (recomputes(plan)) {
    return {
      prepare: () => undefined,
      of(unit, thread, count) {
        const spectra = scratch + thread * scratchStride + scratchFilter;
        for (let k = 0; k < count; k++) make(taps + unit * tapStride, spectra, k);
        return spectra;
      },
    };
  }
  return {
    prepare(unit, lines) {
      for (let k = 0; k < distances; k++) make(lines, filter + unit * filterStride, k);
    },
    of: (unit) => filter + unit * filterStride,
  };
}
