/**
 * The first write to a page makes the system provide it, which takes a microsecond or two; the areas of a large tile have
 * thousands of pages, and whoever comes to them first would be late. So these are written to a little with each step, long
 * before they are needed; or, where tiles are late in any case, by all threads when filters are set.
 *
 * Nor may slots be left to the tiles, which read an output before they write it: of a page that was never written, the system then
 * first provides a shared one of zeros, and soon a page of its own instead. The second makes every other thread forget the first,
 * which takes many times longer than a page that is written at once.
 */
import { type Bank, LINE, type TiledLayout } from '../memory/index.js';
import { recomputes } from '../plan/index.js';

/** Of the operating system, at least. */
const PAGE = 4096;

/**
 * Writes where a page begins what is there: someone else may be writing to it meanwhile, and has not written in vain. (By what
 * writes at once: `Atomics.add` reads first, which of an untouched page is a fault of its own.)
 */
function write(words: Int32Array, from: number, to: number): void {
  for (let at = Math.ceil(from / PAGE) * PAGE; at < to; at += PAGE)
    Atomics.compareExchange(words, at / 4, 0, 0);
}

/** A bank's memory as words. */
function wordsOf({ floats }: Bank): Int32Array {
  return new Int32Array(floats.buffer);
}

/** Writes to all that the fans keep. */
export function touchSpectra(banks: readonly Bank<TiledLayout>[]): void {
  for (const bank of banks) {
    const { units, lanes, levels } = bank.layout;
    for (const { plan, childSpectra, childSpectraStride } of levels) {
      if (plan.kind !== 'fan') continue;
      write(wordsOf(bank), childSpectra, childSpectra + units * lanes * childSpectraStride);
    }
  }
}

/** Writes to all slots of a unit, where nobody does so step by step. */
export function touchUnit(bank: Bank<TiledLayout>, unit: number): void {
  const { lanes, units, slots, stride } = bank.layout;
  const words = wordsOf(bank);
  for (let lane = 0; lane < lanes; lane++) {
    const at = slots + (lane * units + unit) * stride;
    write(words, at, at + stride);
  }
}

/** Rows that filters have from the start, at most; more come with the positions. */
const TAPS = 1024;

/** Writes to what is needed after a step, of a single lane. */
export interface Touch {
  /** Does so some steps ahead of that which makes `known` inputs known. */
  ahead(known: number): void;
  /** After this many inputs, nothing is left. */
  readonly until: number;
}

/**
 * A tile whose inputs are complete after n positions writes outputs before 3 n, and needs as many taps, so slots from 3 n on are
 * still untouched. After half a run there are none left, and the areas of delayed levels are complete once a tile of the largest
 * side is.
 */
export function firstTouch(banks: readonly Bank<TiledLayout>[], length: number): Touch {
  const words = banks.map(wordsOf);
  const { levels } = banks[0].layout;
  return {
    until: Math.max(length / 2, levels.at(-1)!.side),
    ahead(known) {
      banks.forEach(({ layout }, b) => {
        const { units, slots, stride, taps, tapStride, tapAreas, tapRows } = layout;
        touchRows(words[b], units, slots, stride, 3 * (known - 1), Math.min(3 * known, length));
        const rows = TAPS + 3 * (known - 1);
        if (tapAreas === 0) touchRows(words[b], units, taps, tapStride, rows, Math.min(rows + 3, tapRows));
        touchAreas(words[b], layout, known);
      });
    },
  };
}

/** Writes to lines `from` <= row < `to` of each unit. */
function touchRows(
  words: Int32Array,
  units: number,
  at: number,
  stride: number,
  from: number,
  to: number,
): void {
  if (from >= to) return;
  for (let unit = 0; unit < units; unit++, at += stride) write(words, at + from * LINE, at + to * LINE);
}

/**
 * Writes to where delayed tiles keep spectra of inputs, and far ones wait for their next stages: a level's first begins when as
 * many inputs are known as its side.
 */
function touchAreas(words: Int32Array, { levels, units }: TiledLayout, known: number): void {
  for (const { plan, side, flight, flightBytes, childSpectra, childSpectraStride } of levels) {
    if (known > side || plan.kind !== 'delayed') continue;
    const part = (at: number, bytes: number): void =>
      write(words, at + (bytes * (known - 1)) / side, at + (bytes * known) / side);
    part(flight, flightBytes);
    if (!recomputes(plan)) part(childSpectra, units * childSpectraStride);
  }
}
