/**
 * The first write to a page makes the system provide it, which takes a microsecond or two; the areas of a large tile have
 * thousands of pages, and whoever comes to them first would be late. So these are written to a little with each step, long
 * before they are needed.
 */
import { type Bank, LINE, type TiledLayout } from '../memory/index.js';
import { recomputes } from '../plan/index.js';

/** Of the operating system, at least. */
const PAGE = 4096;

/** Writes where a page begins, in an area that holds zeros. */
function write(floats: Float32Array, from: number, to: number): void {
  for (let at = Math.ceil(from / PAGE) * PAGE; at < to; at += PAGE) floats[at / 4] = 0;
}

/** Writes to all that the fans keep. */
export function touchSpectra(banks: readonly Bank<TiledLayout>[]): void {
  for (const { floats, layout } of banks) {
    for (const { plan, childSpectra, childSpectraStride } of layout.levels) {
      if (plan.kind !== 'fan') continue;
      write(floats, childSpectra, childSpectra + layout.units * layout.lanes * childSpectraStride);
    }
  }
}

/**
 * Writes to what the tiles ahead of the step that makes `known` inputs known need, of a single lane; returns whether there
 * is more to come. A tile whose inputs are complete after n positions writes outputs before 3 n, so slots from 3 n on are
 * still untouched. After half a run there are none left, and the areas are complete once a tile of the largest side is.
 */
export function touchAhead(banks: readonly Bank<TiledLayout>[], known: number, length: number): boolean {
  for (const bank of banks) {
    touchSlots(bank, 3 * (known - 1), Math.min(3 * known, length));
    touchAreas(bank, known);
  }
  return 2 * known < length || known < banks[0].layout.levels.at(-1)!.side;
}

/**
 * Writes to the slots `from` <= position < `to`. Tiles read an output before they write it: of a page that was never written,
 * the system then first provides a shared one of zeros, and soon a page of its own instead. The second makes every
 * other thread forget the first, which takes many times longer than a page that is written at once.
 */
function touchSlots({ floats, layout }: Bank<TiledLayout>, from: number, to: number): void {
  const { slots, stride, units } = layout;
  for (let unit = 0; unit < units; unit++) {
    const lines = slots + unit * stride;
    write(floats, lines + from * LINE, lines + to * LINE);
  }
}

/**
 * Writes to where delayed tiles keep spectra of inputs, and far ones wait for their next stages: a level's first begins when as many
 * inputs are known as its side.
 */
function touchAreas({ floats, layout }: Bank<TiledLayout>, known: number): void {
  const { units } = layout;
  for (const { plan, side, flight, flightBytes, childSpectra, childSpectraStride } of layout.levels) {
    if (known > side || plan.kind !== 'delayed') continue;
    const part = (at: number, bytes: number): void =>
      write(floats, at + (bytes * (known - 1)) / side, at + (bytes * known) / side);
    part(flight, flightBytes);
    if (!recomputes(plan)) part(childSpectra, units * childSpectraStride);
  }
}
