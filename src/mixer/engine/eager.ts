import type { FilterRows, ConvolutionMemory } from '../memory/convolution.js';
import type { Engine } from './engine.js';
import { GROUP, LINE, toLines } from '../memory/blocks.js';
import type { EagerLayout } from '../memory/layout.js';
import { takeRows } from './rows.js';

/** ns per unit and row: two streams read and one written. */
const ROW_COST = 8;

/**
 * Inputs whose contributions are collected before they are added to the slots. Two levels keep the float32
 * roundoff of a sum of n terms at sqrt(FLUSH) + sqrt(n / FLUSH) instead of sqrt(n).
 */
export const FLUSH = 256;

/** The other baseline: as soon as an input is known, its contribution is added to every later sum. */
export function eagerEngine(convolutions: readonly ConvolutionMemory<EagerLayout>[], length: number): Engine {
  const { groups, stride, slots, taps, partial, row } = convolutions[0].layout;
  /** A position's sums, both levels together, of one lane and group. */
  const sum = ({ floats }: ConvolutionMemory, place: number, position: number): void => {
    const at = (place * stride + position * LINE) / 4;
    const to = (row + place * LINE) / 4;
    for (let c = 0; c < GROUP; c++) {
      floats[to + c] = floats[slots / 4 + at + c] + floats[partial / 4 + at + c];
    }
  };
  const advance: Engine['advance'] = (positions, from, to) => {
    for (let unit = from; unit < to; unit++) {
      const { kernels } = convolutions[Math.floor(unit / groups)];
      const rho = taps + (unit % groups) * stride + LINE;
      for (let lane = 0; lane < positions.length; lane++) {
        const position = positions[lane];
        const later = length - 1 - position;
        if (position < 0 || later === 0) continue;
        const at = (lane * groups + (unit % groups)) * stride + position * LINE;
        const next = at + LINE;
        kernels.spread(slots + at, rho, partial + next, later);
        if ((position + 1) % FLUSH === 0) kernels.flush(partial + next, slots + next, later);
      }
    }
  };
  return {
    step(positions, from, to, thread) {
      takeRows(convolutions, positions, from, to);
      advance(positions, from, to, thread);
      for (let unit = from; unit < to; unit++) {
        const convolution = convolutions[Math.floor(unit / groups)];
        for (let lane = 0; lane < positions.length; lane++) {
          const next = positions[lane] + 1;
          if (next > 0 && next < length) sum(convolution, lane * groups + (unit % groups), next);
        }
      }
    },
    advance,
    matters: () => true,
    tapsNeeded: () => length,
    sums(positions, from, to) {
      for (let unit = from; unit < to; unit++) {
        for (let lane = 0; lane < positions.length; lane++) {
          if (positions[lane] < 0) continue;
          sum(convolutions[Math.floor(unit / groups)], lane * groups + (unit % groups), positions[lane]);
        }
      }
    },
    sumsAhead: true,
    flat: false,
    stepCost: (positions) =>
      positions.reduce((sum, position) => sum + (position < 0 ? 0 : ROW_COST * (length - 1 - position)), 0),
    sumsCost: () => 0,
  };
}

/** Stores a convolution's filter, `[time, channel]`. */
export function setEagerFilter(
  { floats, layout }: ConvolutionMemory<EagerLayout>,
  { rows, width, length }: FilterRows,
): void {
  const { groups, stride, taps } = layout;
  for (let g = 0; g < groups; g++) toLines(rows, width, g, floats, (taps + g * stride) / 4, length);
}
