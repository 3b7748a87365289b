import type { ConvolutionMemory } from '../memory/convolution.js';
import type { PerLane } from '../shape.js';
import type { Deferred, Engine } from './engine.js';
import type { Kernels } from '../kernel/kernels.js';
import { LINE } from '../memory/blocks.js';
import type { LevelLayout, TiledLayout } from '../memory/layout.js';
import type { TauName } from '../plan/plan.js';
import { FLAT_SIDE } from '../plan/plan.js';
import { endOfConvolution, takeRows } from './rows.js';
import { deferredLevels, inputsAfter, levelAfter, tapsAfter } from '../schedule/index.js';
import { deferredSlices, slicesOf, type Slices } from './slices.js';
import { stagedSlices } from './stages.js';
import { deferredTiles } from './tile/deferred.js';
import { directTiles } from './tile/direct.js';
import { fftTiles, foldingTile } from './tile/fft.js';
import { ndarrayFftTiles } from './tile/ndarray-fft.js';
import { stagedTile } from './tile/staged.js';
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

/** One convolution's tile implementation for a level. */
export function tileRunner(
  { kernels, floats, layout }: ConvolutionMemory<TiledLayout>,
  level: LevelLayout,
): TileRunner {
  const folding = level.form === undefined && level.side === layout.period;
  const make = folding ? foldingTile : level.form === 'deferred' ? deferredTiles : TILES[level.tau];
  return make(kernels, floats, layout, level);
}

/**
 * The tiling of Flash Inference, generalised to any fan-out: the pairs (input, output) are cut into tiles, each as
 * late as it may be and as large as it can be, so that a fast convolution does each in O(side log side).
 *
 * A step does the urgent tile that its inputs make due, in all convolutions side by side. Tiles of the first level, which have
 * one output, come last of all, on the way to the rows.
 */
export function tiledEngine(
  convolutions: readonly ConvolutionMemory<TiledLayout>[],
  length: number,
  threads: number,
): Engine {
  const { groups, levels, lanes, period, tapStride, tapRows } = convolutions[0].layout;
  const runners = convolutions.map((convolution) => levels.map((level) => tileRunner(convolution, level)));
  /** The level that is due once `known` inputs are known; 0 if there is nothing to do. */
  const due = (known: number): number => (known < 1 || known >= length ? 0 : levelAfter(known, levels));
  const tile = (
    convolution: number,
    index: number,
    known: number,
    lane: number,
    from: number,
    to: number,
    thread: number,
  ): void => {
    const level = levels[index];
    const count = Math.min(level.side, length - known);
    runners[convolution][index].run(known % period, inputsAfter(known, level), count, lane, from, to, thread);
  };
  const oneLane = (known: number, from: number, to: number, thread: number): void => {
    const index = due(known);
    if (index === 0) return;
    for (let unit = from; unit < to;) {
      const end = endOfConvolution(unit, to, groups);
      const first = unit % groups;
      tile(Math.floor(unit / groups), index, known, 0, first, first + end - unit, thread);
      unit = end;
    }
  };
  const manyLanes: Engine['step'] = (positions, from, to, thread) => {
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
    for (let unit = from; unit < to;) {
      const end = endOfConvolution(unit, to, groups);
      const convolution = convolutions[Math.floor(unit / groups)];
      const first = unit % groups;
      for (let lane = 0; lane < lanes; lane++) {
        const position = positions[lane] + ahead;
        if (positions[lane] < 0 || position >= length) continue;
        tiledSums(convolution, lane, position, first, first + end - unit);
      }
      unit = end;
    }
  };
  const slices = (indices: readonly number[]): Slices =>
    slicesOf(indices, convolutions[0].layout, runners, length);
  const { near, far } = deferredLevels(levels);
  const staged = far.length > 0 && levels[far[0]].flightBytes > 0;
  // A worker that does far tiles in stages is never busy for long: it can see to the near ones as well.
  const [own, handed] = staged && threads > 1 ? [[], near] : [near, []];
  const inSteps = slices(own);
  const laterLevels = [...handed, ...far];
  const later = slices(laterLevels);
  const deferred = (): Deferred => {
    const all = deferredSlices(levels[laterLevels[0]].side, later);
    if (!staged) return { ...all, proceed: all.run, restart: () => undefined };
    const tiles = convolutions.map(({ kernels, floats, layout }) =>
      levels.map((level) => (level.flightBytes > 0 ? stagedTile(kernels, floats, layout, level) : undefined)),
    );
    return { ...all, ...stagedSlices(far, convolutions[0].layout, tiles, length, slices(handed)) };
  };
  const advance: Engine['advance'] = (positions, from, to, thread) => {
    if (lanes === 1) oneLane(positions[0] + 1, from, to, thread);
    else manyLanes(positions, from, to, thread);
    inSteps.step(positions, from, to, thread);
  };
  return {
    step(positions, from, to, thread) {
      takeRows(convolutions, positions, from, to);
      advance(positions, from, to, thread);
      sums(positions, 1, from, to);
    },
    advance,
    matters(known, end) {
      const level = levels[due(known)];
      if (due(known) > 0) {
        if (known + level.side > end) return true;
        // Its children's spectra are for later tiles of the same block.
        const block = level.side * level.fanOut;
        if (level.childSpectraStride > 0 && Math.ceil(known / block) * block > end) return true;
      }
      return inSteps.matters(known, end) || later.matters(known, end);
    },
    tapsNeeded: (known) => (tapStride === 0 ? length : tapsAfter(known, tapRows, levels)),
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
    flat: levels.every(({ side, form }) => form !== undefined || side < FLAT_SIDE),
    ...(far.length > 0 && { deferred: deferred() }),
  };
}

/**
 * Writes a position's pending sums to a lane's row, groups `from` <= g < `to`: its slots, and the tile of the first level,
 * the inputs of its block so far. That one is not worth a way through memory.
 */
export function tiledSums(
  { kernels, layout }: ConvolutionMemory<TiledLayout>,
  lane: number,
  position: number,
  from: number,
  to: number,
): void {
  const { groups, levels, row, slots, stride, period } = layout;
  // A run of a single position has no tiles at all.
  const { filter, filterStride, fanOut } = levels[0] ?? { filter: 0, filterStride: 0, fanOut: 1 };
  const place = lane * groups + from;
  const line = slots + place * stride + (position % period) * LINE;
  const taps = filter + from * filterStride;
  kernels.pendingRow(line, row + place * LINE, stride, taps, filterStride, to - from, position % fanOut);
}
