import type { FilterRows, ConvolutionMemory } from '../memory/convolution.js';
import { writeTwiddles, writeTwistedTwiddles } from '../kernel/twiddles.js';
import { GROUP, toLines } from '../memory/blocks.js';
import type { TiledLayout } from '../memory/layout.js';
import { tileRunner } from './tiled.js';

/** Writes every convolution's twiddle tables, all the same. */
export function writeTables(convolutions: readonly ConvolutionMemory<TiledLayout>[]): void {
  const [first, ...others] = convolutions;
  const { twiddles, twisted, largest, scratch } = first.layout;
  writeTwiddles(first.floats, twiddles / 4, largest / 4);
  writeTwistedTwiddles(first.floats, twisted / 4, largest);
  // They lie one after the other, before the scratch areas.
  const tables = first.floats.subarray(twiddles / 4, scratch / 4);
  for (const { floats } of others) floats.set(tables, twiddles / 4);
}

/**
 * Prepares rows of a convolution's filter: taps, and the spectra of every level that they complete. Where the taps are not
 * kept, all rows are to come at once.
 */
export function setTiledFilter(
  convolution: ConvolutionMemory<TiledLayout>,
  { rows, width, length, first }: FilterRows,
): void {
  const { floats, layout } = convolution;
  const { groups, levels, taps, tapStride, tapRows } = layout;
  const end = first + rows.length / width;
  // Rows that come after the filter's length may come later, and a level has its spectra already.
  const completed = levels.filter(({ side, fanOut }) => {
    const needed = side * fanOut;
    return first < needed && Math.min(length, needed) <= end;
  });
  const runners = completed.map((level) => tileRunner(convolution, level));
  for (let g = 0; g < groups; g++) {
    const at = (taps + g * tapStride) / 4;
    toLines(rows, width, g, floats, at + first * GROUP, end - first);
    if (first === 0) {
      // Tap 0 belongs to the model, taps from `length` on may not come.
      floats.fill(0, at, at + GROUP);
      floats.fill(0, at + Math.max(length, end) * GROUP, at + tapRows * GROUP);
    }
    for (const runner of runners) runner.prepare(g, taps + g * tapStride);
  }
  if (first > 0) return;
  for (const { ready, form } of levels) {
    if (form === 'deferred') floats.fill(0, ready / 4, ready / 4 + 2 * groups);
  }
}

/** Makes scratch areas numbers: what a kernel reads of them before it has written there is multiplied by 0. */
export function clearScratch({ floats, layout }: ConvolutionMemory<TiledLayout>): void {
  const { scratch, scratchBytes } = layout;
  floats.fill(0, scratch / 4, (scratch + scratchBytes) / 4);
}
