import type { Engine, LayerMemory } from './engine.js';
import { writePlainTables, writeTwistedTables } from './kernel/twiddles.js';
import { GROUP, toLines } from './memory/blocks.js';
import type { TiledLayout, TileLayout } from './memory/layout.js';
import type { TauName } from './plan/plan.js';
import { sideAfter } from './schedule.js';
import { directTiles } from './tile/direct.js';
import { fftTiles } from './tile/fft.js';
import { ndarrayFftTiles } from './tile/ndarray-fft.js';
import type { TileRunner } from './tile/tile.js';

/** A unit's tile takes about this many ns per input (16 channels at 2 side tokens each, 2 ns apiece). */
const COST = 64;

const RUNNERS: Record<TauName, (layer: LayerMemory<TiledLayout>, tile: TileLayout) => TileRunner> = {
  direct: (layer, tile) => directTiles(layer.kernels, layer.floats, layer.layout, tile),
  fft: (layer, tile) => fftTiles(layer.kernels, layer.floats, layer.layout, tile),
  'ndarray-fft': (layer, tile) => ndarrayFftTiles(layer.kernels, layer.floats, layer.layout, tile),
};

/** One layer's tile implementations, by log2 of the side. */
export function tileRunners(layer: LayerMemory<TiledLayout>): TileRunner[] {
  return layer.layout.tiles.map((tile) => RUNNERS[tile.tau](layer, tile));
}

/**
 * Algorithms 1 and 2 of Flash Inference: the pairs (input, output) are cut into square tiles, each as late as it
 * may be and as large as it can be, so that a fast convolution does each in O(side log side).
 *
 * Due at a position, once its input is in the slots: the tile of that step, in all layers side by side.
 */
export function tiledEngine(layers: readonly LayerMemory<TiledLayout>[], length: number): Engine {
  const { groups } = layers[0].layout;
  const runners = layers.map(tileRunners);
  return {
    run(position, from, to, thread) {
      const known = position + 1;
      if (known >= length) return;
      const side = sideAfter(known);
      const level = 31 - Math.clz32(side);
      const count = Math.min(side, length - known);
      for (let layer = Math.floor(from / groups); layer * groups < to; layer++) {
        const first = layer * groups;
        runners[layer][level].run(
          known,
          count,
          Math.max(from - first, 0),
          Math.min(to - first, groups),
          thread,
        );
      }
    },
    cost: (position) => (position + 1 >= length ? 0 : COST * sideAfter(position + 1)),
  };
}

/** Writes a layer's twiddle tables. */
export function writeTables(layer: LayerMemory<TiledLayout>): void {
  const { plain, twisted, largest } = layer.layout;
  writePlainTables(layer.floats, plain / 4, largest / 4);
  writeTwistedTables(layer.floats, twisted / 4, largest);
}

/** Prepares a layer's filter, `[time, channel]`, for every side: taps or spectra. */
export function setTiledFilter(
  layer: LayerMemory<TiledLayout>,
  rows: Float32Array,
  width: number,
  length: number,
): void {
  const { floats, layout } = layer;
  const runners = tileRunners(layer);
  const at = layout.staging / 4;
  for (let g = 0; g < layout.groups; g++) {
    toLines(rows, width, g, floats, at, length);
    // Tap 0 belongs to the model, taps from `length` on meet nothing.
    floats.fill(0, at, at + GROUP);
    floats.fill(0, at + length * GROUP, at + layout.stagingRows * GROUP);
    for (const runner of runners) runner.prepare(g, layout.staging);
  }
}
