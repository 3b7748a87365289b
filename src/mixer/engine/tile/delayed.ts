import { type Bank, type LevelLayout, LINE, type TiledLayout } from '../../memory/index.js';
import { recomputes } from '../../plan/index.js';
import type { MakeTiles } from './tile.js';

/**
 * The tile of one unit of a delayed level: what it has to begin with, and where. The level's child number `known` (counted from
 * position 0) has just been completed, the `children`th of its block.
 */
export interface DelayedUnit {
  readonly unit: number;
  readonly lane: number;
  readonly known: number;
  readonly children: number;
  /** Spectra of inputs, `[half][children - 1]`, and of the filter, `[half][children]`. */
  readonly spectra: number;
  readonly filters: number;
}

/**
 * What delayed tiles multiply with, besides the newest child's spectrum. Both are kept, and made when they are first needed: of the
 * filter by then the taps may have been set while the run went on; of the inputs some may not be there after a run has been filled
 * or resumed. Or they are made anew for each tile, in an area that the caller gives.
 */
export interface DelayedSpectra {
  /** Where a unit has its spectra; `area` is used where nothing is kept. */
  of(unit: number, lane: number, at: number, rows: number, area: number): DelayedUnit;
  /** Children of the tile's block whose spectra are missing, from this one (0 is the first) to the last but the newest. */
  firstMissingInput(of: DelayedUnit): number;
  /** Distances for which the filter's spectrum is missing: from this one (0 for the newest child) to the number of children. */
  firstMissingFilter(of: DelayedUnit): number;
  /** Says that all these are there now, and the newest child's as well. */
  done(of: DelayedUnit): void;
}

export function delayedSpectra({ floats, layout }: Bank<TiledLayout>, level: LevelLayout): DelayedSpectra {
  const { units } = layout;
  const { plan, side, filter, filterStride, childSpectra, childSpectraStride, made, newest } = level;
  const recomputed = recomputes(plan);
  const madeOf = ({ unit }: DelayedUnit): number => made / 4 + unit;
  const newestOf = ({ unit, lane }: DelayedUnit): number => newest / 4 + lane * units + unit;
  return {
    of: (unit, lane, at, rows, area) => ({
      unit,
      lane,
      known: at / side,
      children: rows / side,
      spectra: recomputed ? area : childSpectra + (lane * units + unit) * childSpectraStride,
      filters: recomputed ? area + childSpectraStride : filter + unit * filterStride,
    }),
    firstMissingInput(of) {
      const kept = recomputed ? 0 : floats[newestOf(of)] - (of.known - of.children);
      return kept > 0 && kept < of.children ? kept : 0;
    },
    firstMissingFilter: (of) => (recomputed ? 0 : floats[madeOf(of)]),
    done(of) {
      if (recomputed) return;
      floats[madeOf(of)] = Math.max(floats[madeOf(of)], of.children);
      floats[newestOf(of)] = of.known;
    },
  };
}

/**
 * Fans whose tiles begin `delay` positions after their inputs have ended: a child's spectrum is the same whichever outputs it
 * meets, d children on; only the taps differ, `delay + (d - 1) side` ... `delay + (d + 1) side - 1`.
 */
export const delayedTiles: MakeTiles = (bank, level) => {
  const { kernels, layout } = bank;
  const { units, slots, stride, taps, tapStride, twisted, twiddles } = layout;
  const { scratch, scratchStride, scratchSpectra } = layout;
  const { side, delay, children, spectrumStride, filterStride, childSpectraStride } = level;
  const kept = delayedSpectra(bank, level);
  return {
    prepare: () => undefined,
    run(at, rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      for (let u = from; u < to; u++) {
        const of = kept.of(u, lane, at, rows, points + scratchSpectra);
        const lines = slots + (lane * units + u) * stride + at * LINE;
        for (let k = kept.firstMissingFilter(of); k < of.children; k++) {
          const first = taps + u * tapStride + (delay + k * side) * LINE;
          const to = of.filters + k * spectrumStride;
          kernels.spectrum(first, to, filterStride / 2, side, twisted, twiddles);
        }
        for (let k = kept.firstMissingInput(of); k < of.children - 1; k++) {
          const inputs = lines - (of.children - k) * side * LINE;
          const to = of.spectra + k * spectrumStride;
          kernels.transformRows(inputs, to, childSpectraStride / 2, side, twisted, twiddles);
        }
        kernels.delayedTile(
          lines - side * LINE,
          lines + delay * LINE,
          count,
          side,
          of.children,
          children,
          of.spectra,
          of.filters,
          spectrumStride,
          points,
          twisted,
          twiddles,
        );
        kept.done(of);
      }
    },
  };
};
