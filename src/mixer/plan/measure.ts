import { openEngine } from '../open.js';
import { layoutLayer, pagesFor } from '../memory/layout.js';
import { sidesOf } from '../schedule.js';
import { tileRunners } from '../tiled.js';
import type { CostTable } from './costs.js';
import { SMALLEST_FFT, type Plan, type TauName } from './plan.js';

export interface MeasureOptions {
  /** Sides up to this are measured. Default 65,536. */
  readonly largest?: number;
  /** Direct tiles, whose cost doubles with the side, up to this. Default 128. */
  readonly largestDirect?: number;
  /** ms to spend on each side and implementation. Default 40. */
  readonly budgetMs?: number;
}

/** Channels to measure with; fewer at large sides, where no cache holds all groups anyway. */
const WIDTH = 256;
const WIDTH_LARGE = 64;
const LARGE = 4096;

/** Measures what tiles cost on this machine, one thread: the table that plans are made from. */
export function measureCosts(options: MeasureOptions = {}): CostTable {
  const { largest = 65536, largestDirect = 128, budgetMs = 40 } = options;
  const sides = sidesOf(2 * largest);
  const measure = (tau: TauName, side: number): number => measureTile(tau, side, budgetMs);
  return {
    direct: sides.filter((side) => side <= largestDirect).map((side) => measure('direct', side)),
    fft: sides.map((side) => (side < SMALLEST_FFT ? Infinity : measure('fft', side))),
  };
}

/** The cost of one side's tiles, ns per token and channel: the fastest of as many tiles as the budget allows. */
function measureTile(tau: TauName, side: number, budgetMs: number): number {
  const width = side > LARGE ? WIDTH_LARGE : WIDTH;
  const shape = { layers: 1, width, length: 2 * side };
  const plan: Plan = {
    length: shape.length,
    tiles: sidesOf(shape.length).map((s) => ({ side: s, tau: s === side ? tau : 'direct' })),
  };
  const pages = pagesFor(layoutLayer('tiled', shape, plan, 1), `measuring tiles of side ${side}`);
  const memories = [new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })];
  const opened = openEngine({ name: 'tiled', shape, plan, threads: 1, kernels: 'wasm', memories });
  if (opened.name !== 'tiled') throw new Error('unreachable');
  const [layer] = opened.layers;
  // Zeros cost what other numbers do, once every page has been touched.
  layer.floats.fill(0);
  const runner = tileRunners(layer)[Math.log2(side)];
  // Clocks tick every few dozen ns: small tiles are timed many at a time.
  const batch = Math.max(1, Math.floor(4096 / side));
  let best = Infinity;
  for (const end = performance.now() + budgetMs; ;) {
    const begin = performance.now();
    for (let k = 0; k < batch; k++) runner.run(side, side, 0, layer.layout.groups, 0);
    const now = performance.now();
    best = Math.min(best, now - begin);
    if (now > end) break;
  }
  return (best * 1e6) / (batch * 2 * side * width);
}
