/**
 * The first write to a page makes the system provide it, which takes a microsecond or two; the areas of a large tile have
 * thousands of pages, and whoever comes to them first would be late. So these are written to a little with each step, long
 * before they are needed.
 */
import type { ConvolutionMemory } from '../memory/convolution.js';
import { LINE } from '../memory/blocks.js';
import type { TiledLayout } from '../memory/layout.js';

/** Of the operating system, at least. */
const PAGE = 4096;

/** Writes where a page begins, in an area that holds zeros. */
function write(floats: Float32Array, from: number, to: number): void {
  for (let at = Math.ceil(from / PAGE) * PAGE; at < to; at += PAGE) floats[at / 4] = 0;
}

/**
 * Writes to the slots `from` <= position < `to`. Tiles read an output before they write it: of a page that was never written,
 * the system then first provides a shared one of zeros, and soon a page of its own instead. The second makes every
 * other thread forget the first, which takes many times longer than a page that is written at once.
 */
export function touchSlots(
  convolutions: readonly ConvolutionMemory<TiledLayout>[],
  from: number,
  to: number,
): void {
  for (const { floats, layout } of convolutions) {
    const { slots, stride, groups, lanes } = layout;
    for (let place = 0; place < lanes * groups; place++) {
      const lines = slots + place * stride;
      write(floats, lines + from * LINE, lines + to * LINE);
    }
  }
}

/** Writes to all that the tiles of the smallest levels keep. */
export function touchSpectra(convolutions: readonly ConvolutionMemory<TiledLayout>[]): void {
  for (const { floats, layout } of convolutions) {
    for (const { childSpectra, childSpectraStride } of layout.levels) {
      write(floats, childSpectra, childSpectra + layout.groups * layout.lanes * childSpectraStride);
    }
  }
}

/** Writes to where far tiles wait for their next stages: a level's first begins when as many inputs are known as its side. */
export function touchFlights(convolutions: readonly ConvolutionMemory<TiledLayout>[], known: number): void {
  for (const { floats, layout } of convolutions) {
    for (const { side, flight, flightBytes } of layout.levels) {
      if (known > side || flightBytes === 0) continue;
      write(floats, flight + (flightBytes * (known - 1)) / side, flight + (flightBytes * known) / side);
    }
  }
}
