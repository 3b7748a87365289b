import type { LayerMemory } from '../engine.js';
import { LINE } from './blocks.js';
import type { TiledLayout } from './layout.js';

/** Of the operating system, at least. */
const PAGE = 4096;

/**
 * Writes to the slots `from` <= position < `to`, which hold 0, where a page begins. Tiles read an output before they write it:
 * of a page that was never written, the system then first provides a shared one of zeros, and soon a page of its own
 * instead. The second makes every other thread forget the first, which takes many times longer than a page that is
 * written at once. All groups of a large tile have thousands of pages.
 */
export function writeFreshSlots(layers: readonly LayerMemory<TiledLayout>[], from: number, to: number): void {
  for (const { floats, layout } of layers) {
    const { slots, stride, groups, lanes } = layout;
    for (let place = 0; place < lanes * groups; place++) {
      const lines = slots + place * stride;
      for (let at = lines + from * LINE; at < lines + to * LINE; at += LINE) {
        if (at % PAGE === 0) floats[at / 4] = 0;
      }
    }
  }
}
