/** `pos_emb.z` and `.t`: what a filter knows of a lag, which training may have changed. */
import type { FilterDimensions, HyenaDimensions } from '../../bundle/index.js';
import { filterFeatures, type FilterWeights, type Values } from '../../hyena/index.js';
import type { TensorSource } from '../../container/index.js';

/**
 * Largest difference that float32 arithmetic explains. The phases go up to 2 pi times the highest frequency and
 * are computed in float32 by those who wrote the tensors: 10 units of roundoff were found in a checkpoint whose
 * positions are known to be untrained.
 */
const ROUNDING = 16 * 2 ** -24;

/** The part of a reader of tensors used here. */
interface Shapes {
  has(name: string): boolean;
  read(name: string, shape: readonly number[]): Values;
}

/** The positions of one layer's filters; undefined where they are computed. Checks shapes, reads nothing. */
export function readPositions(
  reader: Shapes,
  { context }: HyenaDimensions,
  filter: FilterDimensions,
  name: string,
): FilterWeights['positions'] {
  const read = (tensor: 'z' | 't', size: number): Values | undefined => {
    const full = `${name}pos_emb.${tensor}`;
    return reader.has(full) ? reader.read(full, [1, context, size]) : undefined;
  };
  const features = read('z', filter.features);
  const times = read('t', 1);
  if (filter.positions !== 'stored') return undefined;
  return {
    features: features ?? (() => filterFeatures(filter, context, 0, context).features),
    times: times ?? (() => filterFeatures(filter, context, 0, context).times),
  };
}

/** Whether any stored position of a model is not the computed one. The tensors must have their shapes. */
export function positionsDiffer(
  source: TensorSource,
  stem: string,
  { context }: HyenaDimensions,
  filter: FilterDimensions,
): boolean {
  let computed: ReturnType<typeof filterFeatures> | undefined;
  for (const [name, { shape }] of source.tensors) {
    const tensor = /\.pos_emb\.([zt])$/.exec(name)?.[1];
    if (tensor === undefined || !name.startsWith(stem)) continue;
    const size = tensor === 'z' ? filter.features : 1;
    // A wrong shape is for the reader to report, which knows the tensor's full name.
    if (shape.length !== 3 || shape[1] !== context || shape[2] !== size) continue;
    computed ??= filterFeatures(filter, context, 0, context);
    const wanted = tensor === 'z' ? computed.features : computed.times;
    if (source.read(name).some((value, i) => !(Math.abs(value - wanted[i]) <= ROUNDING))) return true;
  }
  return false;
}
