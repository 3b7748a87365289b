import { type Bank, LINE } from '../memory/index.js';
import type { PerLane } from '../shape.js';

/** Puts the inputs that are in the rows into the slots of each lane's position (-1: none), for units `from` <= unit < `to`. */
export function takeRows(banks: readonly Bank[], positions: PerLane, from: number, to: number): void {
  for (const { layout, kernels } of banks) {
    const { first, units, row, slots, stride, period } = layout;
    const begin = Math.max(0, from - first);
    const count = Math.min(units, to - first) - begin;
    if (count <= 0) continue;
    for (let lane = 0; lane < positions.length; lane++) {
      if (positions[lane] < 0) continue;
      const place = lane * units + begin;
      const lines = slots + place * stride + (positions[lane] % period) * LINE;
      kernels.scatter(row + place * LINE, lines, stride, count);
    }
  }
}
