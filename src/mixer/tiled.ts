import type { Engine, LayerMemory } from './engine.js';
import { writePlainTables, writeTwistedTables } from './kernel/twiddles.js';
import { GROUP, LINE, toLines } from './memory/blocks.js';
import type { LevelLayout, TiledLayout } from './memory/layout.js';
import type { TauName } from './plan/plan.js';
import { inputsAfter, levelAfter } from './schedule.js';
import { directTiles } from './tile/direct.js';
import { fftTiles } from './tile/fft.js';
import { ndarrayFftTiles } from './tile/ndarray-fft.js';
import type { TileRunner } from './tile/tile.js';

/** A unit's tile takes about this many ns per output (16 channels, 4 ns apiece). */
const COST = 64;

const RUNNERS: Record<TauName, (layer: LayerMemory<TiledLayout>, level: LevelLayout) => TileRunner> = {
  direct: (layer, level) => directTiles(layer.kernels, layer.floats, layer.layout, level),
  fft: (layer, level) => fftTiles(layer.kernels, layer.floats, layer.layout, level),
  'ndarray-fft': (layer, level) => ndarrayFftTiles(layer.kernels, layer.floats, layer.layout, level),
};

/** One layer's tile implementations, by level. */
export function tileRunners(layer: LayerMemory<TiledLayout>): TileRunner[] {
  return layer.layout.levels.map((level) => RUNNERS[level.tau](layer, level));
}

/**
 * The tiling of Flash Inference, generalised to any fan-out: the pairs (input, output) are cut into tiles, each as
 * late as it may be and as large as it can be, so that a fast convolution does each in O(side log side).
 *
 * Due at a position, once its input is in the slots: the tile of that step, in all layers side by side. Tiles of the
 * first level, which have one output, are left to `tiledPending`.
 */
export function tiledEngine(layers: readonly LayerMemory<TiledLayout>[], length: number): Engine {
  const { groups, levels } = layers[0].layout;
  const runners = layers.map(tileRunners);
  return {
    run(position, from, to, thread) {
      const known = position + 1;
      if (known >= length) return;
      const index = levelAfter(known, levels);
      if (index === 0) return;
      const level = levels[index];
      const rows = inputsAfter(known, level);
      const count = Math.min(level.side, length - known);
      for (let layer = Math.floor(from / groups); layer * groups < to; layer++) {
        const first = layer * groups;
        const begin = Math.max(from - first, 0);
        const end = Math.min(to - first, groups);
        runners[layer][index].run(known, rows, count, begin, end, thread);
      }
    },
    cost(position) {
      const index = levelAfter(position + 1, levels);
      return index === 0 || position + 1 >= length ? 0 : COST * levels[index].side;
    },
  };
}

/**
 * Writes a position's pending sums to the row: its slots, and the tile of the first level, the inputs of its block so
 * far. That one comes last of all, and is not worth a way through memory.
 */
export function tiledPending({ kernels, layout }: LayerMemory<TiledLayout>, position: number): void {
  const { groups, levels, row, slots, stride } = layout;
  // A run of a single position has no tiles at all.
  const { filter, filterStride, fanOut } = levels[0] ?? { filter: 0, filterStride: 0, fanOut: 1 };
  const line = slots + position * LINE;
  kernels.pendingRow(line, row, stride, filter, filterStride, groups, position % fanOut);
}

/** Writes a layer's twiddle tables. */
export function writeTables(layer: LayerMemory<TiledLayout>): void {
  const { plain, twisted, largest } = layer.layout;
  writePlainTables(layer.floats, plain / 4, largest / 4);
  writeTwistedTables(layer.floats, twisted / 4, largest);
}

/** Prepares a layer's filter, `[time, channel]`, for every level: taps or spectra. */
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
