import type { Engine, LayerMemory } from './engine.js';
import { GROUP, LINE, toLines } from './memory/blocks.js';
import type { EagerLayout } from './memory/layout.js';

/** ns per unit and row: two streams read and one written. */
const ROW_COST = 8;

/**
 * Inputs whose contributions are collected before they are added to the slots. Two levels keep the float32
 * roundoff of a sum of n terms at sqrt(FLUSH) + sqrt(n / FLUSH) instead of sqrt(n).
 */
export const FLUSH = 256;

/**
 * The other baseline: as soon as an input is known, its contribution is added to every later sum.
 *
 * Due at a position, once its input is in the slots: the contributions of that input.
 */
export function eagerEngine(layers: readonly LayerMemory<EagerLayout>[], length: number): Engine {
  const { groups, stride, slots, taps, partial } = layers[0].layout;
  return {
    run(position, from, to) {
      const later = length - 1 - position;
      const next = (position + 1) * LINE;
      for (let unit = from; unit < to; unit++) {
        const { kernels } = layers[Math.floor(unit / groups)];
        const group = (unit % groups) * stride;
        kernels.spread(slots + group + position * LINE, taps + group + LINE, partial + group + next, later);
        if ((position + 1) % FLUSH === 0) kernels.flush(partial + group + next, slots + group + next, later);
      }
    },
    cost: (position) => ROW_COST * (length - 1 - position),
  };
}

/** Writes a position's pending sums, both levels together, to the row. */
export function eagerPending(layer: LayerMemory<EagerLayout>, position: number): void {
  const { floats, layout } = layer;
  const { groups, stride, slots, partial, row } = layout;
  for (let g = 0; g < groups; g++) {
    const at = (g * stride + position * LINE) / 4;
    const to = (row + g * LINE) / 4;
    for (let c = 0; c < GROUP; c++)
      floats[to + c] = floats[slots / 4 + at + c] + floats[partial / 4 + at + c];
  }
}

/** Stores a layer's filter, `[time, channel]`. */
export function setEagerFilter(
  layer: LayerMemory<EagerLayout>,
  rows: Float32Array,
  width: number,
  length: number,
): void {
  const { groups, stride, taps } = layer.layout;
  for (let g = 0; g < groups; g++) toLines(rows, width, g, layer.floats, (taps + g * stride) / 4, length);
}
