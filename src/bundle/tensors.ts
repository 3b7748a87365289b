/** Which tensors a model has. */
import { hyenaDimensions, hyenaTensors } from '../hyena/index.js';
import { recurrentTensors } from '../layers/index.js';
import type { BundleConfig } from './config.js';

/** The tensors of a model by name, with their shapes; `headed`: with a head of its own. */
export function modelTensors(
  { model, filter }: Pick<BundleConfig, 'model' | 'filter'>,
  headed: boolean,
): ReadonlyMap<string, readonly number[]> {
  return filter === undefined
    ? recurrentTensors(model, headed)
    : hyenaTensors(hyenaDimensions(model), filter, headed);
}
