import type { FilterWeights, Linear } from '../onnx/weights.js';
import type { FilterDimensions } from './config.js';
import { filterFeatures } from './features.js';

/**
 * `rho[0] = k[0] + bias`, `[width]`: the tap that a position's own input meets, in float64 and rounded once.
 * It is a constant of the filter, so it is computed when a bundle is written; the step graph and row 0 of the
 * offline convolution's taps both use this value.
 */
export function firstTap(dimensions: FilterDimensions, filter: FilterWeights): Float32Array {
  // At lag 0 both kinds of time are 0, whatever the context.
  const { features } = filterFeatures(dimensions, 2, 1);
  let h = Float64Array.from(features);
  for (const layer of filter.hidden) {
    h = linear(layer, h).map((value, channel) => Math.sin(filter.frequency[channel] * value));
  }
  const taps = linear({ weight: filter.last, bias: new Float32Array(filter.bias.length) }, h);
  const window = 1 + dimensions.shift;
  return Float32Array.from(taps, (tap, channel) => tap * window + filter.bias[channel]);
}

/** `W x + b` in float64. */
function linear({ weight, bias }: Linear, x: Float64Array): Float64Array {
  return Float64Array.from(bias, (offset, row) => {
    let sum = offset;
    for (let i = 0; i < x.length; i++) sum += weight[row * x.length + i] * x[i];
    return sum;
  });
}
