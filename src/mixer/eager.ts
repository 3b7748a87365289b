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
    run(positions, from, to) {
      for (let unit = from; unit < to; unit++) {
        const { kernels } = layers[Math.floor(unit / groups)];
        const rho = taps + (unit % groups) * stride + LINE;
        for (let lane = 0; lane < positions.length; lane++) {
          const position = positions[lane];
          if (position < 0) continue;
          const later = length - 1 - position;
          const place = (lane * groups + (unit % groups)) * stride;
          const next = place + (position + 1) * LINE;
          kernels.spread(slots + place + position * LINE, rho, partial + next, later);
          if ((position + 1) % FLUSH === 0) kernels.flush(partial + next, slots + next, later);
        }
      }
    },
    cost: (positions) =>
      positions.reduce((sum, position) => sum + (position < 0 ? 0 : ROW_COST * (length - 1 - position)), 0),
  };
}

/** Writes a position's pending sums, both levels together, to a lane's row. */
export function eagerPending(layer: LayerMemory<EagerLayout>, lane: number, position: number): void {
  const { floats, layout } = layer;
  const { groups, stride, slots, partial, row } = layout;
  for (let g = 0; g < groups; g++) {
    const place = lane * groups + g;
    const at = (place * stride + position * LINE) / 4;
    const to = (row + place * LINE) / 4;
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
