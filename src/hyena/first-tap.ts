import type { FilterWeights } from './weights.js';
import type { FilterDimensions } from './dimensions.js';
import { filterFeatures } from './features.js';

/**
 * `rho[0] = k[0] + bias`, `[order - 1, width]`, without a skip weight `k[0]`: the tap that a position's own input meets, in
 * float64 and rounded once. It is a constant of the filter, so it is computed when a bundle is written; the step graph and row
 * 0 of the offline convolution's taps both use this value.
 */
export function firstTap(dimensions: FilterDimensions, filter: FilterWeights): Float32Array {
  const { features, time } = lagZero(dimensions, filter);
  const frequency = filter.frequency();
  let h = Float64Array.from(features);
  for (const { weight, bias } of filter.hidden) {
    h = linear(weight(), bias(), h).map((value, channel) => Math.sin(frequency[channel] * value));
  }
  const bias = filter.bias();
  const deltas = filter.deltas();
  const modulate = dimensions.modulate !== false;
  const taps = linear(filter.last(), new Float32Array(bias.length), h);
  const windowed = taps.map((tap, channel) => {
    const window = modulate ? Math.exp(-time * Math.abs(deltas[channel])) + dimensions.shift : 1;
    return tap * window;
  });
  const norm = dimensions.normalized ? windowed.reduce((sum, tap) => sum + Math.abs(tap), 0) : 1;
  return Float32Array.from(windowed, (tap, channel) => {
    return tap / norm + (dimensions.skip === false ? 0 : bias[channel]);
  });
}

function lagZero(
  dimensions: FilterDimensions,
  { positions }: FilterWeights,
): { features: Float32Array; time: number } {
  if (positions !== undefined) {
    return { features: positions.features().subarray(0, dimensions.features), time: positions.times()[0] };
  }
  // At lag 0 both kinds of time are 0, whatever the context.
  return { features: filterFeatures(dimensions, 2, 0, 1).features, time: 0 };
}

/** `W x + b` in float64. */
function linear(weight: Float32Array, bias: Float32Array, x: Float64Array): Float64Array {
  return Float64Array.from(bias, (offset, row) => {
    let sum = offset;
    for (let i = 0; i < x.length; i++) sum += weight[row * x.length + i] * x[i];
    return sum;
  });
}
