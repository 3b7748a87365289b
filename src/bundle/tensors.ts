/** Which tensors a model has. */
import { hyenaDimensions, hyenaTensors } from '../hyena/index.js';
import { dataDependentTensors, filtersOf, recurrentTensors } from '../layers/index.js';
import type { BundleConfig } from './config.js';

/** The tensors of a model by name, with their shapes; `headed`: with a head of its own. */
export function modelTensors(
  { model, filter }: Pick<BundleConfig, 'model' | 'filter'>,
  headed: boolean,
): ReadonlyMap<string, readonly number[]> {
  if (filtersOf(model.layers) === 'data-dependent') return dataDependentTensors(model, headed);
  return filter === undefined
    ? recurrentTensors(model, headed)
    : hyenaTensors(hyenaDimensions(model), filter, headed);
}
