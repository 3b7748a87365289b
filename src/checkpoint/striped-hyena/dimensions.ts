/** A StripedHyena model's dimensions, told by the names and shapes of its tensors. */
import type { LayerSpec, ModelDimensions } from '../../bundle/index.js';
import { BundleError } from '../../format/index.js';
import type { Found } from '../architecture.js';
import { blockNames, EMBEDDINGS } from './names.js';

/** 1: Evo 1; 2: Evo 2. They differ in the order of channels, in where there are biases, and in the MLP's activation. */
export type Version = 1 | 2;

/** Added to the root of the mean of squares, in all models that were released. */
const EPSILON = 1e-6;
/** Filters of so many taps or more are stored as a convolution has them, the tap of lag 0 first, others the other way round. */
export const CONVOLUTION_ORDER = 128;

export interface Dimensions {
  readonly version: Version;
  readonly model: Omit<ModelDimensions, 'context'>;
}

/** Throws BundleError where a tensor needed for this is missing or has no such dimension. */
export function inferDimensions({ source, stem }: Found): Dimensions {
  const fail = (field: string, expected: string, got: string): never => {
    throw new BundleError({ file: source.file, field, expected, got });
  };
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const shape = source.tensors.get(name)?.shape;
    if (shape?.length === rank && shape.every((dim) => dim > 0)) return shape;
    const got = shape === undefined ? 'none' : `[${shape.join(', ')}]`;
    return fail(name, `a tensor of ${rank} dimensions`, got);
  };
  const [vocabulary, width] = shapeOf(stem + EMBEDDINGS, 2);
  const count = countBlocks(source.tensors.keys(), stem);
  if (count === 0) fail(`${stem}blocks`, 'at least one', 'none');
  const complex = [...source.tensors.keys()].some((name) => name.endsWith('.filter.poles'));
  const version: Version = complex ? 1 : 2;

  const mixerOf = (index: number): LayerSpec['mixer'] => {
    const { block, filter, qkv, frequencies } = blockNames(stem, index);
    const has = (name: string): boolean => source.tensors.has(name);
    const kinds = [`${filter}h`, `${filter}poles`, `${filter}log_poles`, `${qkv}.weight`].filter(has);
    if (kinds.length !== 1) {
      const expected = 'one of a filter’s taps (h), its poles (poles or log_poles), and attention (Wqkv)';
      return fail(block.slice(0, -1), expected, kinds.join(' and ') || 'none');
    }
    const [kind] = kinds;
    if (kind === `${filter}h`) return { kind: 'window', taps: shapeOf(kind, 3)[2] };
    if (kind === `${filter}log_poles`) return { kind: 'modal', modes: shapeOf(kind, 3)[1], complex: false };
    if (kind === `${filter}poles`) return { kind: 'modal', modes: shapeOf(kind, 4)[1], complex: true };
    const channels = 2 * shapeOf(frequencies, 1)[0];
    if (width % channels !== 0) fail(frequencies, `half of a divisor of ${width}`, `[${channels / 2}]`);
    return { kind: 'attention', heads: width / channels };
  };
  const norm = { kind: 'rms', epsilon: EPSILON } as const;
  const layers = Array.from({ length: count }, (_, index): LayerSpec => {
    const [inner] = shapeOf(blockNames(stem, index).fc1, 2);
    const activated = version === 1 || index === 0;
    return {
      mixer: mixerOf(index),
      norm,
      mlp: { kind: 'gated', inner, ...(activated && { activation: 'gelu' }) },
    };
  });
  return { version, model: { width, vocabulary, layers, norm } };
}

/** Blocks are numbered from 0; a hole shows as a missing tensor when they are read. */
function countBlocks(names: Iterable<string>, stem: string): number {
  const numbers = new Set<string>();
  for (const name of names) {
    if (name.startsWith(`${stem}blocks.`)) numbers.add(name.slice(`${stem}blocks.`.length).split('.', 1)[0]);
  }
  return numbers.size;
}
