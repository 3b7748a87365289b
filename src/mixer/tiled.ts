import type { Deferred, Engine, LayerMemory, PerLane } from './engine.js';
import type { Kernels } from './kernel/kernels.js';
import { writePlainTables, writeTwistedTables } from './kernel/twiddles.js';
import { GROUP, LINE, toLines } from './memory/blocks.js';
import type { LevelLayout, TiledLayout } from './memory/layout.js';
import type { TauName } from './plan/plan.js';
import { endOfLayer, takeRows } from './rows.js';
import { deferredInputs, inputsAfter, levelAfter, sliceAfter } from './schedule.js';
import { deferredTiles } from './tile/deferred.js';
import { directTiles } from './tile/direct.js';
import { fftTiles } from './tile/fft.js';
import { ndarrayFftTiles } from './tile/ndarray-fft.js';
import type { TileRunner } from './tile/tile.js';

/** A unit's tile takes about this many ns per output (16 channels, 4 ns apiece). */
const COST = 64;
/** A unit's step takes about this many ns besides. */
const STEP_COST = 100;

type MakeTiles = (
  kernels: Kernels,
  floats: Float32Array,
  layout: TiledLayout,
  level: LevelLayout,
) => TileRunner;

const TILES: Record<TauName, MakeTiles> = {
  direct: directTiles,
  fft: fftTiles,
  'ndarray-fft': ndarrayFftTiles,
};

/** One layer's tile implementations, by level. */
export function tileRunners({ kernels, floats, layout }: LayerMemory<TiledLayout>): TileRunner[] {
  return layout.levels.map((level) => {
    const make = level.form === 'deferred' ? deferredTiles : TILES[level.tau];
    return make(kernels, floats, layout, level);
  });
}

/**
 * The tiling of Flash Inference, generalised to any fan-out: the pairs (input, output) are cut into tiles, each as
 * late as it may be and as large as it can be, so that a fast convolution does each in O(side log side).
 *
 * A step does the urgent tile that its inputs make due, in all layers side by side. Tiles of the first level, which have
 * one output, come last of all, on the way to the rows.
 */
export function tiledEngine(layers: readonly LayerMemory<TiledLayout>[], length: number): Engine {
  const { groups, levels, lanes } = layers[0].layout;
  const runners = layers.map(tileRunners);
  /** The level that is due once `known` inputs are known; 0 if there is nothing to do. */
  const due = (known: number): number => (known < 1 || known >= length ? 0 : levelAfter(known, levels));
  const tile = (
    layer: number,
    index: number,
    known: number,
    lane: number,
    from: number,
    to: number,
    thread: number,
  ): void => {
    const level = levels[index];
    const count = Math.min(level.side, length - known);
    runners[layer][index].run(known, inputsAfter(known, level), count, lane, from, to, thread);
  };
  const alone = (known: number, from: number, to: number, thread: number): void => {
    const index = due(known);
    if (index === 0) return;
    for (let unit = from, end = from; unit < to; unit = end) {
      end = endOfLayer(unit, to, groups);
      const first = unit % groups;
      tile(Math.floor(unit / groups), index, known, 0, first, first + end - unit, thread);
    }
  };
  const together: Engine['step'] = (positions, from, to, thread) => {
    // Lanes innermost: those at the same level find its filter in the cache.
    const levelsDue = Array.from(positions, (position) => due(position + 1));
    if (levelsDue.every((index) => index === 0)) return;
    for (let unit = from; unit < to; unit++) {
      const group = unit % groups;
      for (const [lane, index] of levelsDue.entries()) {
        if (index === 0) continue;
        tile(Math.floor(unit / groups), index, positions[lane] + 1, lane, group, group + 1, thread);
      }
    }
  };
  const sums = (positions: PerLane, ahead: number, from: number, to: number): void => {
    for (let unit = from, end = from; unit < to; unit = end) {
      end = endOfLayer(unit, to, groups);
      const layer = layers[Math.floor(unit / groups)];
      const first = unit % groups;
      for (let lane = 0; lane < lanes; lane++) {
        const position = positions[lane] + ahead;
        if (positions[lane] < 0 || position >= length) continue;
        tiledSums(layer, lane, position, first, first + end - unit);
      }
    }
  };
  const deferred = deferredPart(layers[0].layout, runners, length);
  return {
    step(positions, from, to, thread) {
      takeRows(layers, positions, from, to);
      if (lanes === 1) alone(positions[0] + 1, from, to, thread);
      else together(positions, from, to, thread);
      sums(positions, 1, from, to);
    },
    sums: (positions, from, to) => sums(positions, 0, from, to),
    sumsAhead: true,
    stepCost(positions) {
      let sum = 0;
      for (const position of positions) {
        const index = due(position + 1);
        sum += index > 0 ? COST * levels[index].side : STEP_COST;
      }
      return sum;
    },
    sumsCost: () => STEP_COST,
    ...(deferred && { deferred }),
  };
}

function deferredPart(
  { groups, levels, lanes }: TiledLayout,
  runners: readonly (readonly TileRunner[])[],
  length: number,
): Deferred | undefined {
  const indices = [...levels.keys()].filter((index) => levels[index].form === 'deferred');
  if (indices.length === 0) return undefined;
  const units = runners.length * groups;
  const slices = Array.from({ length: lanes }, () => ({ from: 0, to: 0 }));
  /** One step's slices at one level. */
  const step = (
    index: number,
    known: (lane: number) => number,
    from: number,
    to: number,
    thread: number,
  ): void => {
    const { side } = levels[index];
    let first = to;
    let last = from;
    for (let lane = 0; lane < lanes; lane++) {
      const now = known(lane);
      const slice = now < side ? NOTHING : sliceAfter(now, side, units);
      slices[lane] = slice;
      if (slice.from === slice.to) continue;
      first = Math.min(first, slice.from);
      last = Math.max(last, slice.to);
    }
    for (let unit = Math.max(first, from); unit < Math.min(last, to); unit++) {
      for (let lane = 0; lane < lanes; lane++) {
        if (unit < slices[lane].from || unit >= slices[lane].to) continue;
        const now = known(lane);
        const inputs = now - (now % side);
        const count = Math.min(side, length - (inputs + side));
        if (count <= 0) continue;
        const rows = deferredInputs(inputs, side);
        const group = unit % groups;
        runners[Math.floor(unit / groups)][index].run(inputs, rows, count, lane, group, group + 1, thread);
      }
    }
  };
  return {
    side: levels[indices[0]].side,
    run(begin, end, from, to, thread) {
      const steps = Math.max(...end.map((last, lane) => last - begin[lane]));
      for (let k = 1; k <= steps; k++) {
        // 0 inputs: no step.
        const known = (lane: number): number => (begin[lane] + k <= end[lane] ? begin[lane] + k : 0);
        for (const index of indices) step(index, known, from, to, thread);
      }
    },
  };
}

const NOTHING = { from: 0, to: 0 };

/**
 * Writes a position's pending sums to a lane's row, groups `from` <= g < `to`: its slots, and the tile of the first level,
 * the inputs of its block so far. That one is not worth a way through memory.
 */
export function tiledSums(
  { kernels, layout }: LayerMemory<TiledLayout>,
  lane: number,
  position: number,
  from: number,
  to: number,
): void {
  const { groups, levels, row, slots, stride } = layout;
  // A run of a single position has no tiles at all.
  const { filter, filterStride, fanOut } = levels[0] ?? { filter: 0, filterStride: 0, fanOut: 1 };
  const place = lane * groups + from;
  const line = slots + place * stride + position * LINE;
  const taps = filter + from * filterStride;
  kernels.pendingRow(line, row + place * LINE, stride, taps, filterStride, to - from, position % fanOut);
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
