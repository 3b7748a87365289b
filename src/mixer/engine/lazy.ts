import type { FilterRows, ConvolutionMemory } from '../memory/convolution.js';
import type { Engine } from './engine.js';
import { GROUP, LINE, toLines } from '../memory/blocks.js';
import type { LazyLayout } from '../memory/layout.js';
import { takeRows } from './rows.js';

/** ns per unit and row: two streams of a line each, at 23 GB/s. */
const ROW_COST = 5.6;

/**
 * The baseline: each pending sum is one dot product over the whole past, when it is needed. It does nothing but
 * stream two arrays, so it is as fast as memory is; for that the taps are stored newest last, which lets both
 * streams ascend (one descending stream costs a factor of 3 and more).
 */
export function lazyEngine(convolutions: readonly ConvolutionMemory<LazyLayout>[], length: number): Engine {
  const { groups, stride, slots, row, taps } = convolutions[0].layout;
  return {
    step: (positions, from, to) => takeRows(convolutions, positions, from, to),
    advance: () => undefined,
    matters: () => false,
    tapsNeeded: (known) => Math.min(known + 1, length),
    sums(positions, from, to) {
      for (let unit = from; unit < to; unit++) {
        const { kernels, floats } = convolutions[Math.floor(unit / groups)];
        const group = unit % groups;
        for (let lane = 0; lane < positions.length; lane++) {
          const position = positions[lane];
          if (position < 0) continue;
          const place = lane * groups + group;
          const past = slots + place * stride;
          const total = row + place * LINE;
          const slot = (past + position * LINE) / 4;
          // What came from before position 0, if anything, is still in the slot.
          for (let c = 0; c < GROUP; c++) floats[total / 4 + c] = floats[slot + c];
          // Input i meets tap position - i, which is row length - 1 - position + i.
          kernels.dot(past, taps + group * stride + (length - 1 - position) * LINE, position, total);
        }
      }
    },
    sumsAhead: false,
    flat: false,
    stepCost: () => 0,
    sumsCost: (positions) => positions.reduce((sum, position) => sum + ROW_COST * Math.max(0, position), 0),
  };
}

/** Stores rows of a convolution's filter, `[time, channel]`, from tap `first` on, newest tap last. */
export function setLazyFilter(
  { floats, layout }: ConvolutionMemory<LazyLayout>,
  { rows, width, length, first }: FilterRows,
): void {
  const { groups, stride, taps } = layout;
  for (let g = 0; g < groups; g++) {
    const at = (taps + g * stride) / 4;
    for (let r = 0; r < rows.length / width; r++) {
      const row = rows.subarray(r * width, (r + 1) * width);
      toLines(row, width, g, floats, at + (length - 1 - first - r) * GROUP, 1);
    }
  }
}
