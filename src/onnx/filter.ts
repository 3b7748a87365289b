/** The filter graph: a mixer's taps as a function of the lag, T lags at a time. */
import type { FilterDimensions, ModelDimensions } from '../model/config.js';
import { GraphBuilder, type Value } from './graph.js';
import type { TensorTable } from './tensors.js';

/**
 * Taps below this are zero. Windows decay exponentially, so long filters end in denormal numbers, which are
 * far below any effect on a sum and many times slower to compute with.
 */
export const SMALLEST_TAP = 1e-30;

/**
 * `k[t] = MLP(features[t]) * (exp(-t01[t] |delta|) + shift)`.
 *
 * - in: `mixer` (scalar, int64), `features` `[T, E]`, `times` `[T, 1]`, in [0, 1]
 * - out: `taps` `[T, D]`, `tap0` `[D]`: tap 0 with the skip weight folded in, to stand in row 0
 */
export function filterGraph(
  model: ModelDimensions,
  filter: FilterDimensions,
  table: TensorTable,
): Uint8Array {
  const g = new GraphBuilder('filter', table);
  const mixer = g.input('mixer', 'int64', []);
  const features = g.input('features', 'float32', ['time', filter.features]);
  const times = g.input('times', 'float32', ['time', 1]);
  const weight = (name: string): Value => g.node('Gather', [g.weight(name), mixer]);

  const frequency = weight('filter.frequency');
  let h = features;
  for (let i = 0; i < 3; i++) {
    const sum = g.node('Add', [
      g.node('MatMul', [h, weight(`filter.${i}.weight`)]),
      weight(`filter.${i}.bias`),
    ]);
    h = g.node('Sin', [g.node('Mul', [frequency, sum])]);
  }
  const taps = g.node('MatMul', [h, weight('filter.last')]);
  let window = g.node('Exp', [g.node('Mul', [times, weight('filter.decay')])]);
  if (filter.shift !== 0) window = g.node('Add', [window, g.scalar(filter.shift)]);
  const shrink = { floats: { bias: 0, lambd: SMALLEST_TAP } };
  g.node('Shrink', [g.node('Mul', [taps, window])], shrink, 'taps');
  g.output('taps', 'float32', ['time', model.width]);
  g.node('Gather', [g.weight('rho0'), mixer], {}, 'tap0');
  g.output('tap0', 'float32', [model.width]);
  return g.encode();
}
