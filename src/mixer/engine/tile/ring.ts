/**
 * Tiles of plans in which two blocks of slots serve all positions: from the block that has just been completed to the other one.
 * The inputs are not needed any more then, and their slots are cleared for the positions two blocks later.
 */
import {
  type Bank,
  type LevelLayout,
  LINE,
  type TiledLayout,
  paddedModes,
  writeModes,
} from '../../memory/index.js';
import type { MakeTiles } from './tile.js';

/** A filter that reaches no further than two blocks. What a block leaves for the second one waits as a spectrum. */
export const windowTiles: MakeTiles = (bank, level) => {
  const { kernels, layout } = bank;
  const { units, stride, scratch, scratchStride, twisted, twiddles } = layout;
  const { side, filter, filterStride, childSpectra, childSpectraStride } = level;
  const half = side * LINE;
  const places = placesOf(bank, level);
  return {
    prepare(unit, taps) {
      const near = filter + unit * filterStride;
      kernels.spectrum(taps, near, half, side, twisted, twiddles);
      kernels.spectrum(taps + side * LINE, near + 2 * half, half, side, twisted, twiddles);
    },
    run(at, _rows, count, lane, from, to, thread) {
      const points = scratch + thread * scratchStride;
      for (let u = from; u < to; u++) {
        const { inputs, outputs } = places(at, lane, u);
        const left = childSpectra + (lane * units + u) * childSpectraStride;
        const spectra = filter + u * filterStride;
        kernels.windowTile(inputs, outputs, count, side, left, spectra, points, twisted, twiddles);
        kernels.clearLines(inputs, stride, 1, side);
      }
    },
  };
};

/** A modal filter: all inputs before the next block are in the states of its modes. */
export const recurrenceTiles: MakeTiles = (bank, level) => {
  const { kernels, floats, layout } = bank;
  const { units, stride } = layout;
  const { side, plan, filter, filterStride, modeStates, modeStatesStride } = level;
  if (plan.kind !== 'recurrence') throw new RangeError(`${plan.kind} tiles are no recurrence`);
  const complex = plan.complex === true;
  const modes = paddedModes({ modes: plan.modes, complex });
  const places = placesOf(bank, level);
  return {
    prepare: () => undefined,
    setModes: (unit, group, rows) => writeModes(floats, filter + unit * filterStride, rows, group),
    run(at, rows, count, lane, from, to) {
      const { inputs, outputs } = places(at, lane, from);
      const states = modeStates + (lane * units + from) * modeStatesStride;
      const coefficients = filter + from * filterStride;
      const groups = to - from;
      kernels.modalTile(inputs, outputs, stride, groups, rows, count, states, coefficients, modes, complex);
      kernels.clearLines(inputs, stride, groups, side);
    },
  };
};

/** Where the tile whose outputs begin at slot `at` takes a unit's inputs and leaves its outputs. */
function placesOf(
  { layout }: Bank<TiledLayout>,
  { side }: LevelLayout,
): (at: number, lane: number, unit: number) => { readonly inputs: number; readonly outputs: number } {
  const { units, slots, stride } = layout;
  return (at, lane, unit) => {
    const lines = slots + (lane * units + unit) * stride;
    return { inputs: lines + (side - at) * LINE, outputs: lines + at * LINE };
  };
}
