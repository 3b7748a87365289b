import { type Bank, type LevelLayout, LINE, type TiledLayout } from '../../memory/index.js';
import { recomputes } from '../../plan/index.js';

/** The tiles of a deferred level, stage by stage, a unit's at a time. */
export interface StagedTile {
  /** How many there are. Each takes no longer than about a tenth of the tile. */
  readonly stages: number;
  /** One stage; parameters as in `TileRunner.run`. Nothing but the level's own area changes until the last adds to the outputs. */
  run(stage: number, at: number, rows: number, count: number, unit: number): void;
}

/** One unit's tile: where the latest block of inputs begins, how many blocks contribute, and how many outputs there are. */
interface Unit {
  readonly unit: number;
  readonly inputs: number;
  readonly blocks: number;
  readonly count: number;
}

type Stage = (of: Unit) => void;

/** The quarters of both halves of the channels. */
const QUARTERS = [0, 1].flatMap((half) => [0, 1, 2, 3].map((quarter) => ({ half, quarter })));

/** The same operations as those of `deferredTiles`, in the same order. */
export function stagedTile({ kernels, floats, layout }: Bank<TiledLayout>, level: LevelLayout): StagedTile {
  const { slots, stride, twisted, twiddles, taps, tapStride } = layout;
  const { plan, side, flight, filter, filterStride, spectrumStride, ready } = level;
  const recomputed = recomputes(plan);
  const q = side / 4;
  const points = flight;
  const spectra = points + 2 * side * LINE;
  /** From one half's spectra to the other's. */
  const half = 2 * spectrumStride;
  const partOf = (of: (typeof QUARTERS)[number]): number => of.half * half + of.quarter * q * LINE;
  const filtersOf = ({ unit }: Unit): number =>
    recomputed ? spectra + filterStride : filter + unit * filterStride;

  /** The spectrum of the filter for blocks k + 2 apart, where it is needed and still to be made. */
  const filterStages = (k: number): Stage[] => {
    const flagOf = ({ unit }: Unit): number => ready / 4 + 2 * unit + k;
    const ifNeeded =
      (make: (to: number, of: Unit) => void): Stage =>
      (of) => {
        if (k >= of.blocks || (!recomputed && floats[flagOf(of)] === 1)) return;
        make(filtersOf(of) + k * spectrumStride, of);
      };
    return [
      ifNeeded((to, { unit }) => {
        kernels.twistTaps(taps + unit * tapStride + (1 + k) * side * LINE, to, half, q, twisted);
      }),
      ...QUARTERS.map((part, index) =>
        ifNeeded((to, of) => {
          kernels.spectrumQuarter(to + partOf(part), q, twiddles);
          if (index === QUARTERS.length - 1 && !recomputed) floats[flagOf(of)] = 1;
        }),
      ),
    ];
  };
  const multiply = (part: (typeof QUARTERS)[number]): Stage => {
    const offset = partOf(part);
    const own = points + (4 * part.half + part.quarter) * q * LINE;
    return (of) => {
      if (of.blocks === 2) kernels.forward(spectra + offset, q, twiddles);
      const filters = filtersOf(of) + offset;
      kernels.convolve(own, q, spectra + offset, filters, spectrumStride, of.blocks, 3, twiddles);
    };
  };
  const stages: readonly Stage[] = [
    ...filterStages(0),
    ...filterStages(1),
    ({ inputs, blocks }) => {
      if (blocks === 2) kernels.twistRows(inputs - side * LINE, spectra, half, q, twisted);
    },
    ({ inputs }) => kernels.twistRows(inputs, points, side * LINE, q, twisted),
    ...QUARTERS.map(multiply),
    ({ inputs, count }) => kernels.addUpper(points, inputs + 2 * side * LINE, count, side, twisted),
  ];

  return {
    stages: stages.length,
    run(stage, at, rows, count, unit) {
      const inputs = slots + unit * stride + (at - side) * LINE;
      stages[stage]({ unit, inputs, blocks: rows / side, count });
    },
  };
}
