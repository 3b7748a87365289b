import { type BankLayout, GROUP, groupsOf, layoutSlots, LINE, toGroups, unitOf } from '../memory/index.js';
import type { Kind } from './kind.js';
import { takeRows } from './rows.js';

/** ns per unit and row: two streams of a line each, at 23 GB/s. */
const ROW_COST = 5.6;

/** Units whose sums are computed side by side: four streams are read faster than two. */
const TOGETHER = 2;

/** Rows of a filter that are turned round at a time. */
const PART = 64;

interface LazyLayout extends BankLayout {
  /** `[unit][time][16]`, newest tap last: row r holds tap L - 1 - r. */
  readonly taps: number;
}

/**
 * The baseline: each pending sum is one dot product over the whole past, when it is needed. It does nothing but
 * stream two arrays, so it is as fast as memory is; for that the taps are stored newest last, which lets both
 * streams ascend (one descending stream costs a factor of 3 and more).
 */
export const lazy: Kind<LazyLayout> = {
  layout({ shape }, first, units) {
    const { bump, slots } = layoutSlots(shape, shape.length, first, units);
    return { ...slots, taps: bump.take(units * slots.stride), bytes: bump.bytes };
  },

  engine({ shape }, banks) {
    const { length, width } = shape;
    const groups = groupsOf(width);
    return {
      filterRows: length,
      prepare: () => undefined,
      setFilter(convolution, { rows, first }) {
        const { bank, unit } = unitOf(banks, convolution * groups);
        const { floats, layout } = banks[bank];
        const end = first + rows.length / width;
        for (let from = first; from < end; from += PART) {
          const to = Math.min(from + PART, end);
          const part = backwards(rows.subarray((from - first) * width, (to - first) * width), width);
          const places = Array.from(
            { length: groups },
            (_, g) => (layout.taps + (unit + g) * layout.stride) / 4 + (length - to) * GROUP,
          );
          toGroups(part, width, 0, floats, places, to - from);
        }
      },
      step: (positions, from, to) => takeRows(banks, positions, from, to),
      advance: () => undefined,
      matters: () => false,
      tapsNeeded: (known) => Math.min(known + 1, length),
      sums(positions, from, to) {
        for (const { layout, kernels, floats } of banks) {
          const { first, units, stride, slots, row, taps } = layout;
          const end = Math.min(units, to - first);
          for (let unit = Math.max(0, from - first); unit < end; unit += TOGETHER) {
            const count = Math.min(TOGETHER, end - unit);
            for (let lane = 0; lane < positions.length; lane++) {
              const position = positions[lane];
              if (position < 0) continue;
              const place = lane * units + unit;
              const past = slots + place * stride;
              const total = row + place * LINE;
              // What came from before position 0, if anything, is still in the slots.
              for (let k = 0; k < count; k++) {
                const slot = (past + k * stride + position * LINE) / 4;
                floats.copyWithin((total + k * LINE) / 4, slot, slot + GROUP);
              }
              // Input i meets tap position - i, which is row length - 1 - position + i.
              const rho = taps + unit * stride + (length - 1 - position) * LINE;
              kernels.dot(past, rho, stride, count, position, total);
            }
          }
        }
      },
      sumsAhead: false,
      flat: false,
      stepCost: () => 0,
      sumsCost: (positions) => positions.reduce((sum, position) => sum + ROW_COST * Math.max(0, position), 0),
    };
  },
};

/** The rows, last first. */
function backwards(rows: Float32Array, width: number): Float32Array {
  const turned = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += width)
    turned.set(rows.subarray(at, at + width), rows.length - width - at);
  return turned;
}
