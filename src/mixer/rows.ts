import type { LayerMemory, PerLane } from './engine.js';
import { LINE } from './memory/blocks.js';

/** The groups of each layer that units `from` <= unit < `to` are. */
export function* layersOf(
  from: number,
  to: number,
  groups: number,
): Generator<{ layer: number; begin: number; end: number }> {
  for (let layer = Math.floor(from / groups); layer * groups < to; layer++) {
    const first = layer * groups;
    yield { layer, begin: Math.max(from - first, 0), end: Math.min(to - first, groups) };
  }
}

/** Puts the inputs that are in the rows into the slots of each lane's position (-1: none). */
export function takeRows(layers: readonly LayerMemory[], positions: PerLane, from: number, to: number): void {
  const { groups, row, slots, stride } = layers[0].layout;
  for (const { layer, begin, end } of layersOf(from, to, groups)) {
    const { kernels } = layers[layer];
    for (let lane = 0; lane < positions.length; lane++) {
      if (positions[lane] < 0) continue;
      const place = lane * groups + begin;
      const lines = slots + place * stride + positions[lane] * LINE;
      kernels.scatter(row + place * LINE, lines, stride, end - begin);
    }
  }
}
