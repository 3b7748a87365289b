/** The filter graph: a convolution's taps as a function of the lag, T lags at a time. */
import type { FilterDimensions, HyenaDimensions } from './dimensions.js';
import { GraphBuilder, type TensorTable, type Value } from '../onnx/index.js';

/**
 * Taps below this are zero. Windows decay exponentially, so long filters end in denormal numbers, which are
 * far below any effect on a sum and many times slower to compute with.
 */
export const SMALLEST_TAP = 1e-30;

/**
 * `k[t] = MLP(features[t]) * (exp(-t01[t] |delta|) + shift)`; without modulation, the MLP alone. Normalised, it is divided
 * by its L1 norm over the channels.
 *
 * - in: `convolution` (scalar, int64), `features` `[T, E]`, `times` `[T, 1]`, in [0, 1]; where the positions are
 *   stored, the first lag and the one after the last instead: `start` `[1]`, `end` `[1]`, int64
 * - out: `taps` `[T, D]`, `tap0` `[D]`: tap 0 with the skip weight folded in, to stand in row 0
 */
export function filterGraph(
  model: HyenaDimensions,
  filter: FilterDimensions,
  table: TensorTable,
): Uint8Array {
  const g = new GraphBuilder('filter', table);
  const convolution = g.input('convolution', 'int64', []);
  const layer = layerOf(g, convolution, model.order);
  const ofLayer = (name: string): Value => g.node('Gather', [g.weight(name), layer]);
  const ofConvolution = (name: string): Value => g.node('Gather', [g.weight(name), convolution]);
  const { features, times } = positions(g, filter, ofLayer);

  const frequency = ofLayer('filter.frequency');
  let h = features;
  for (let i = 0; i < 3; i++) {
    const sum = g.node('Add', [
      g.node('MatMul', [h, ofLayer(`filter.${i}.weight`)]),
      ofLayer(`filter.${i}.bias`),
    ]);
    h = g.node('Sin', [g.node('Mul', [frequency, sum])]);
  }
  let taps = g.node('MatMul', [h, ofConvolution('filter.last')]);
  if (filter.modulate !== false) {
    let window = g.node('Exp', [g.node('Mul', [times, ofConvolution('filter.decay')])]);
    if (filter.shift !== 0) window = g.node('Add', [window, g.scalar(filter.shift)]);
    taps = g.node('Mul', [taps, window]);
  }
  if (filter.normalized) {
    const norm = g.node('ReduceL1', [taps, g.constant([-1])]);
    taps = g.node('Div', [taps, norm]);
  }
  const shrink = { floats: { bias: 0, lambd: SMALLEST_TAP } };
  g.node('Shrink', [taps], shrink, 'taps');
  g.output('taps', 'float32', ['time', model.width]);
  g.node('Gather', [g.weight('rho0'), convolution], {}, 'tap0');
  g.output('tap0', 'float32', [model.width]);
  return g.encode();
}

/** The layer a convolution belongs to: order - 1 of them each. */
function layerOf(g: GraphBuilder, convolution: Value, order: number): Value {
  if (order === 2) return convolution;
  const layer = g.node('Div', [convolution, g.constant([order - 1])]);
  return g.node('Squeeze', [layer]);
}

/** Features and times of the lags asked for: inputs of the graph, or rows of what is stored. */
function positions(
  g: GraphBuilder,
  filter: FilterDimensions,
  ofLayer: (name: string) => Value,
): { features: Value; times: Value } {
  if (filter.positions !== 'stored') {
    const features = g.input('features', 'float32', ['time', filter.features]);
    return { features, times: g.input('times', 'float32', ['time', 1]) };
  }
  const start = g.input('start', 'int64', [1]);
  const end = g.input('end', 'int64', [1]);
  const rows = (name: string): Value => g.node('Slice', [ofLayer(name), start, end, g.constant([0])]);
  return { features: rows('filter.features'), times: rows('filter.times') };
}
