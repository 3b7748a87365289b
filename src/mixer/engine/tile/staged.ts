import { type Bank, type LevelLayout, LINE, type TiledLayout } from '../../memory/index.js';
import { delayedSpectra } from './delayed.js';

/** A part of one unit's tile. Nothing but the level's own areas changes until the last adds to the outputs. */
export type Stage = () => void;

/** Butterflies of a first pass that are a stage, at most. */
const MOST = 2048;

/** One unit's tile of a delayed level in stages; parameters as in `TileRunner.run`. */
export type StagedTile = (at: number, rows: number, count: number, unit: number) => readonly Stage[];

/** The same operations as those of `delayedTiles`, in the same order. */
export function stagedTile(bank: Bank<TiledLayout>, level: LevelLayout): StagedTile {
  const { kernels, layout } = bank;
  const { slots, stride, twisted, twiddles, taps, tapStride } = layout;
  const { side, delay, children, flight, filterStride, spectrumStride, childSpectraStride } = level;
  const kept = delayedSpectra(bank, level);
  const q = side / 4;
  const points = flight;
  const area = points + 2 * side * LINE;
  /** Something for each quarter of both halves of the channels, which are so many bytes apart. */
  const quarters = (half: number, stage: (offset: number, half: 0 | 1, quarter: number) => void): Stage[] =>
    ([0, 1] as const).flatMap((h) =>
      [0, 1, 2, 3].map((quarter) => () => stage(h * half + quarter * q * LINE, h, quarter)),
    );
  /** Something for each part of a pass over the lines, all of which are q butterflies. */
  const passes = (stage: (from: number, to: number) => void): Stage[] => {
    const most = Math.min(q, MOST);
    return Array.from({ length: q / most }, (_, k) => () => stage(k * most, (k + 1) * most));
  };
  return (at, rows, count, unit) => {
    const of = kept.of(unit, 0, at, rows, area);
    const lines = slots + unit * stride + at * LINE;
    const stages: Stage[] = [];
    for (let k = kept.firstMissingFilter(of); k < of.children; k++) {
      const first = taps + unit * tapStride + (delay + k * side) * LINE;
      const to = of.filters + k * spectrumStride;
      stages.push(
        ...passes((...part) => kernels.twistTaps(first, to, filterStride / 2, q, twisted, ...part)),
        ...quarters(filterStride / 2, (offset) => kernels.spectrumQuarter(to + offset, q, twiddles)),
      );
    }
    for (let k = kept.firstMissingInput(of); k < of.children - 1; k++) {
      const inputs = lines - (of.children - k) * side * LINE;
      const to = of.spectra + k * spectrumStride;
      stages.push(
        ...passes((...part) => kernels.twistRows(inputs, to, childSpectraStride / 2, q, twisted, ...part)),
        ...quarters(childSpectraStride / 2, (offset) => kernels.forward(to + offset, q, twiddles)),
      );
    }
    stages.push(
      ...passes((...part) =>
        kernels.twistRows(lines - side * LINE, points, side * LINE, q, twisted, ...part),
      ),
      ...quarters(side * LINE, (offset, half, quarter) => {
        const spectra = of.spectra + (half * childSpectraStride) / 2 + quarter * q * LINE;
        const filters = of.filters + (half * filterStride) / 2 + quarter * q * LINE;
        const n = of.children;
        kernels.convolveAll(points + offset, q, spectra, filters, spectrumStride, n, children, twiddles);
      }),
      () => {
        kernels.addUpper(points, lines + delay * LINE, count, side, twisted);
        kept.done(of);
      },
    );
    return stages;
  };
}
