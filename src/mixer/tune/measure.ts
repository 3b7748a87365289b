import { setImmediate } from 'node:timers/promises';
import { pagesFor, sharedMemory } from '../../webassembly/index.js';
import { tiledSums, tileRunner } from '../engine/index.js';
import { MOST_CHILDREN, wasmKernels } from '../kernel/index.js';
import { groupsOf, layoutTiled } from '../memory/index.js';
import { type CostTable, fanOutOf, type LevelCosts, type LevelPlan, SMALLEST_FFT } from '../plan/index.js';
import { sidesOf } from '../schedule/index.js';

/** What `measureCosts` takes. */
export interface MeasureOptions {
  /** Blocks (side times fan-out) up to this are measured. Default 131,072. */
  readonly largest?: number;
  /** The same for direct levels, whose cost grows with the block. Default 256. */
  readonly largestDirect?: number;
  /** Default 2, 4, 8 and 16. */
  readonly fanOuts?: readonly number[];
  /** ms to spend on each level and implementation. Default 40. */
  readonly budgetMs?: number;
  /** Called now and then with the part that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** ns that a step takes longer for a tile being due, besides the tile: more levels are more tiles. */
const PER_TILE = 100;

/** About as many levels as there are by default. */
const LEVELS = 70;

/** Channels to measure with: as many as it takes for the spectra of large blocks not to fit a cache. */
const WIDTH = 256;

/**
 * Measures what levels cost on this machine, one thread: the table that plans are made from. The event loop gets a turn
 * between two measurements, and what `onProgress` throws ends them.
 */
export async function measureCosts(options: MeasureOptions = {}): Promise<CostTable> {
  const { largest = 131072, largestDirect = 256, fanOuts = [2, 4, 8, 16], budgetMs = 40 } = options;
  let measured = 0;
  const measure = async (table: keyof CostTable, most: number): Promise<LevelCosts> => {
    const levels: Record<number, number[]> = {};
    for (const fanOut of fanOuts.filter((fanOut) => table === 'direct' || fanOut <= MOST_CHILDREN)) {
      levels[fanOut] = [];
      for (const side of sidesOf(most / fanOut + 1)) {
        await setImmediate();
        options.signal?.throwIfAborted();
        options.onProgress?.(Math.min(1, measured++ / LEVELS));
        const possible = table === 'direct' || side >= SMALLEST_FFT;
        levels[fanOut].push(possible ? measureLevel(levelOf(table, side, fanOut), budgetMs) : Infinity);
      }
    }
    return levels;
  };
  return { direct: await measure('direct', largestDirect), fft: await measure('fft', largest) };
}

function levelOf(table: keyof CostTable, side: number, fanOut: number): LevelPlan {
  if (table === 'direct') return { kind: 'direct', side, fanOut };
  return fanOut === 2 ? { kind: 'fft', side } : { kind: 'fan', side, fanOut };
}

/** The cost of one level, ns per token and channel: the fastest of as many blocks as the budget allows. */
function measureLevel(level: LevelPlan, budgetMs: number): number {
  const { side } = level;
  const fanOut = fanOutOf(level);
  const length = side * fanOut;
  const shape = { convolutions: 1, width: WIDTH, length };
  const below: LevelPlan[] = side === 1 ? [] : [{ kind: 'direct', side: 1, fanOut: side }];
  const levels = [...below, level];
  const units = groupsOf(WIDTH);
  const layout = layoutTiled({ shape, plan: { length, levels }, threads: 1 }, 0, units);
  const memory = sharedMemory(pagesFor(layout, `measuring tiles of side ${side}`));
  const bank = { layout, floats: new Float32Array(memory.buffer), kernels: wasmKernels(memory) };
  // Zeros cost what other numbers do, once every page has been touched.
  bank.floats.fill(0);
  const runner = tileRunner(bank, layout.levels[levels.length - 1]);
  const block = (): void => {
    if (side === 1) for (let t = 0; t < fanOut; t++) tiledSums(bank, 0, t, 0, units);
    else {
      for (let known = side; known < length; known += side) {
        runner.run(known, known, side, 0, 0, units, 0);
      }
    }
  };
  // Clocks tick every few dozen ns: small blocks are timed many at a time.
  const batch = Math.max(1, Math.floor(4096 / length));
  let best = Infinity;
  for (const end = performance.now() + budgetMs; ;) {
    const begin = performance.now();
    for (let k = 0; k < batch; k++) block();
    const now = performance.now();
    best = Math.min(best, now - begin);
    if (now > end) break;
  }
  const tiles = side === 1 ? 0 : fanOut - 1;
  return ((best * 1e6) / batch + tiles * PER_TILE) / (length * WIDTH);
}
