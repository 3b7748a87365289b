import {
  type Bank,
  type BankLayout,
  BLOCK,
  GROUP,
  groupsOf,
  layoutSlots,
  LINE,
  toLines,
  unitOf,
} from '../memory/index.js';
import type { Engine } from './engine.js';
import type { Kind } from './kind.js';
import { takeRows } from './rows.js';

/** ns per unit and row: two streams read and one written. */
const ROW_COST = 8;

interface EagerLayout extends BankLayout {
  /** `[unit][time][16]`: row r holds tap r. */
  readonly taps: number;
  /** `[lane][unit][time][16]`: contributions of the latest inputs, at most `BLOCK` of them, not yet added to the slots. */
  readonly partial: number;
}

/** The other baseline: as soon as an input is known, its contribution is added to every later sum. */
export const eager: Kind<EagerLayout> = {
  layout({ shape }, first, units) {
    const { bump, take, slots } = layoutSlots(shape, shape.length, first, units);
    const taps = bump.take(units * slots.stride);
    return { ...slots, taps, partial: take(slots.stride), bytes: bump.bytes };
  },

  engine({ shape }, banks) {
    const { length, width } = shape;
    const groups = groupsOf(width);
    const advance: Engine['advance'] = (positions, from, to) => {
      for (const { layout, kernels } of banks) {
        const { first, units, stride, slots, taps, partial } = layout;
        const end = Math.min(units, to - first);
        for (let unit = Math.max(0, from - first); unit < end; unit++) {
          const rho = taps + unit * stride + LINE;
          for (let lane = 0; lane < positions.length; lane++) {
            const position = positions[lane];
            const later = length - 1 - position;
            if (position < 0 || later === 0) continue;
            const at = (lane * units + unit) * stride + position * LINE;
            const next = at + LINE;
            kernels.spread(slots + at, rho, partial + next, later);
            if ((position + 1) % BLOCK === 0) kernels.flush(partial + next, slots + next, later);
          }
        }
      }
    };
    /** Sums of the positions that are `ahead` of each lane's. */
    const sums = (positions: ArrayLike<number>, ahead: number, from: number, to: number): void => {
      for (const bank of banks) {
        const { first, units } = bank.layout;
        const end = Math.min(units, to - first);
        for (let unit = Math.max(0, from - first); unit < end; unit++) {
          for (let lane = 0; lane < positions.length; lane++) {
            const position = positions[lane] + ahead;
            if (positions[lane] >= 0 && position < length) sum(bank, lane * units + unit, position);
          }
        }
      }
    };
    return {
      filterRows: length,
      prepare: () => undefined,
      setFilter(convolution, { rows }) {
        for (let g = 0; g < groups; g++) {
          const { floats, layout, unit } = unitOf(banks, convolution * groups + g);
          toLines(rows, width, g, floats, (layout.taps + unit * layout.stride) / 4, length);
        }
      },
      step(positions, from, to, thread) {
        takeRows(banks, positions, from, to);
        advance(positions, from, to, thread);
        sums(positions, 1, from, to);
      },
      advance,
      matters: () => true,
      tapsNeeded: () => length,
      sums: (positions, from, to) => sums(positions, 0, from, to),
      sumsAhead: true,
      flat: false,
      stepCost: (positions) =>
        positions.reduce((sum, position) => sum + (position < 0 ? 0 : ROW_COST * (length - 1 - position)), 0),
      sumsCost: () => 0,
    };
  },
};

/** Leaves a position's sum, both levels together, in the row, `place` being that of a lane's unit. */
function sum({ floats, layout }: Bank<EagerLayout>, place: number, position: number): void {
  const at = (place * layout.stride + position * LINE) / 4;
  const to = (layout.row + place * LINE) / 4;
  for (let c = 0; c < GROUP; c++) {
    floats[to + c] = floats[layout.slots / 4 + at + c] + floats[layout.partial / 4 + at + c];
  }
}
