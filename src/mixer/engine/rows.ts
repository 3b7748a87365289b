import type { ConvolutionMemory } from '../memory/convolution.js';
import type { PerLane } from '../shape.js';
import { LINE } from '../memory/blocks.js';

/** The unit after the last one before `to` that is of the same convolution as `unit`. For loops over whole convolutions, on the way of every token. */
export function endOfConvolution(unit: number, to: number, groups: number): number {
  return Math.min(to, unit - (unit % groups) + groups);
}

/** Puts the inputs that are in the rows into the slots of each lane's position (-1: none). */
export function takeRows(
  convolutions: readonly ConvolutionMemory[],
  positions: PerLane,
  from: number,
  to: number,
): void {
  const { groups, row, slots, stride, period } = convolutions[0].layout;
  for (let unit = from; unit < to;) {
    const end = endOfConvolution(unit, to, groups);
    const { kernels } = convolutions[Math.floor(unit / groups)];
    for (let lane = 0; lane < positions.length; lane++) {
      if (positions[lane] < 0) continue;
      const place = lane * groups + (unit % groups);
      const lines = slots + place * stride + (positions[lane] % period) * LINE;
      kernels.scatter(row + place * LINE, lines, stride, end - unit);
    }
    unit = end;
  }
}
