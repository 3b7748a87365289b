/** What the options ask for. */
import type { BenchRequest, BenchShape } from '../../../bench/index.js';
import { COSTS, readCosts } from '../../../mixer/index.js';
import { VERSION } from '../../version.js';
import type { BenchOptions } from './spec.js';

/** Where the paper measures. */
const PAPER = { len: [131072], width: [256, 768], layers: [18, 36], lanes: [1, 2, 4, 8] } as const;
/** With what comes before and after, 20 seconds. */
const QUICK_MS = 15_000;

export function requestOf(
  options: BenchOptions,
  given: (option: keyof typeof PAPER | 'budget') => boolean,
): Omit<BenchRequest, 'texts'> {
  const sizeOf = (name: keyof typeof PAPER): readonly number[] =>
    options.preset === 'paper' && !given(name) ? PAPER[name] : options[name];
  const costs = readCosts();
  return {
    variants: options.mixers,
    shapes: grid(sizeOf('layers'), sizeOf('width'), sizeOf('len'), sizeOf('lanes')),
    threads: options.threads,
    samples: options.samples,
    full: options.full === true,
    memory: options.memory,
    seed: options.seed,
    budgetMs: options.quick && !given('budget') ? QUICK_MS : options.budget,
    costs: costs ?? COSTS,
    about: {
      version: VERSION,
      command: process.argv.slice(2),
      costs: costs === undefined ? 'built in' : 'this machine',
    },
  };
}

/** All combinations; the last list goes by fastest. */
function grid(
  layers: readonly number[],
  widths: readonly number[],
  lengths: readonly number[],
  lanes: readonly number[],
): BenchShape[] {
  return layers.flatMap((convolutions) =>
    widths.flatMap((width) =>
      lengths.flatMap((length) => lanes.map((lanes) => ({ convolutions, width, length, lanes }))),
    ),
  );
}
