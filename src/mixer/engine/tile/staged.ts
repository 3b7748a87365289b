import type { Kernels } from '../../kernel/kernels.js';
import { LINE } from '../../memory/blocks.js';
import type { LevelLayout, TiledLayout } from '../../memory/layout.js';

/** The first pass, and the quarters of two halves. */
const TRANSFORM = 1 + 8;

/**
 * Stages of a deferred tile: the spectra of two filters where they are still to be made, a first pass over each of two
 * blocks of inputs, the quarters, and the outputs. Each takes no longer than about a tenth of the tile.
 */
export const STAGES = 2 * TRANSFORM + 2 + 8 + 1;

/** The tiles of a deferred level, stage by stage, a group's at a time. */
export interface StagedTile {
  /** One stage; parameters as in `TileRunner.run`. Nothing but the level's own area changes until the last adds to the outputs. */
  run(stage: number, at: number, rows: number, count: number, group: number): void;
}

/** The same operations as those of `deferredTiles`, in the same order. */
export function stagedTile(
  kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  level: LevelLayout,
): StagedTile {
  const { slots, stride, twisted, twiddles, taps, tapStride } = layout;
  const { side, flight, recompute, filter, filterStride, spectrumStride, ready } = level;
  const q = side / 4;
  const quarter = q * LINE;
  const points = flight;
  const spectra = points + 2 * side * LINE;
  const half = 2 * spectrumStride;

  /** Stage `part` of the spectrum of the filter for blocks k + 2 apart. */
  const makeFilter = (part: number, k: number, group: number): void => {
    const flag = ready / 4 + 2 * group + k;
    if (!recompute && floats[flag] === 1) return;
    const to = (recompute ? spectra + filterStride : filter + group * filterStride) + k * spectrumStride;
    if (part === 0) {
      const from = taps + group * tapStride + (1 + k) * side * LINE;
      kernels.twistTaps(from, to, half, q, twisted);
      return;
    }
    const [h, k4] = [(part - 1) >> 2, (part - 1) & 3];
    kernels.spectrumQuarter(to + h * half + k4 * quarter, q, twiddles);
    if (part === TRANSFORM - 1 && !recompute) floats[flag] = 1;
  };

  return {
    run(stage, at, rows, count, group) {
      const blocks = rows / side;
      const inputs = slots + group * stride + (at - side) * LINE;
      if (stage < 2 * TRANSFORM) {
        const k = Math.floor(stage / TRANSFORM);
        if (k < blocks) makeFilter(stage % TRANSFORM, k, group);
        return;
      }
      const rest = stage - 2 * TRANSFORM;
      if (rest === 0) {
        if (blocks === 2) kernels.twistRows(inputs - side * LINE, spectra, half, q, twisted);
      } else if (rest === 1) kernels.twistRows(inputs, points, side * LINE, q, twisted);
      else if (rest < 10) {
        const [h, k4] = [(rest - 2) >> 2, (rest - 2) & 3];
        const offset = h * half + k4 * quarter;
        const filters = recompute ? spectra + filterStride : filter + group * filterStride;
        if (blocks === 2) kernels.forward(spectra + offset, q, twiddles);
        const part = points + (4 * h + k4) * quarter;
        kernels.convolve(part, q, spectra + offset, filters + offset, spectrumStride, blocks, 3, twiddles);
      } else kernels.addUpper(points, inputs + 2 * side * LINE, count, side, twisted);
    },
  };
}
