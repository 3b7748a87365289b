/** What the options ask for. */
import type { BenchRequest, BenchShape, SyntheticShape } from '../../../bench/index.js';
import { COSTS, readCosts } from '../../../mixer/index.js';
import type { LanguageModel } from '../../../model/index.js';
import { UsageError } from '../../errors.js';
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
  const { synthetic } = options;
  const shape = synthetic === undefined ? undefined : shapeOf(synthetic);
  const model: { [name in keyof typeof PAPER]?: readonly number[] } =
    shape === undefined ? {} : { layers: [shape.convolutions], width: [shape.width] };
  const sizeOf = (name: keyof typeof PAPER): readonly number[] =>
    given(name) ? options[name] : (model[name] ?? (options.preset === 'paper' ? PAPER[name] : options[name]));
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

/**
 * What is asked for, of mixers alone too, where the model's filters depend on the data: those that can do such, at its layers
 * and width unless others were given. Throws a UsageError if none of those asked for can.
 */
export function requestFor(
  { filter, convolutions, config }: LanguageModel,
  request: Omit<BenchRequest, 'texts'>,
  given: (option: 'layers' | 'width') => boolean,
): Omit<BenchRequest, 'texts'> {
  if (filter === undefined) return request;
  const variants = request.variants.filter((variant) => variant === 'lazy' || variant === 'binary');
  if (variants.length === 0)
    throw new UsageError(
      'filters that depend on the data are mixed by lazy and binary: --mixers takes these',
    );
  const shapes = request.shapes.map((shape) => ({
    ...shape,
    ...(!given('layers') && { convolutions: convolutions / 2 }),
    ...(!given('width') && { width: config.model.width }),
  }));
  const distinct = new Map(shapes.map((shape) => [JSON.stringify(shape), shape]));
  return { ...request, variants, filter, shapes: [...distinct.values()] };
}

/** The model of random weights that texts are of; undefined: a bundle's. Throws a UsageError. */
export function syntheticOf({ synthetic, preset }: BenchOptions): SyntheticShape | undefined {
  if (synthetic !== undefined) return shapeOf(synthetic);
  return preset === 'paper' ? { convolutions: PAPER.layers[0], width: PAPER.width[0] } : undefined;
}

function shapeOf(text: string): SyntheticShape {
  const found = /^M=(\d{1,3}),D=(\d{1,5})$/i.exec(text);
  const [convolutions, width] = (found?.slice(1) ?? []).map(Number);
  if (convolutions > 0 && width > 0) return { convolutions, width };
  throw new UsageError(`--synthetic takes M=LAYERS,D=CHANNELS, like M=18,D=256, and not ${text}`);
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
