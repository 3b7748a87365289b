/** What the implicit filter knows of a lag. */
import type { FilterDimensions } from './dimensions.js';

/** Of lags `start` ... `end` - 1. */
export interface Features {
  readonly start: number;
  readonly end: number;
  /** Per lag a time in [0, 1], then cosines, then negative sines: `[lag, features]`. */
  readonly features: Float32Array;
  /** Times of the window, t / (context - 1): `[lag, 1]`. */
  readonly times: Float32Array;
}

/**
 * Features of the lags `start` ... `end` - 1, computed in float64 and rounded once.
 *
 * Linear time is Hyena's: `t / (context - 1)`, and phases `2 pi t / context`. Log time is
 * `log(1 + t) / log(context)`, which gives every octave of lags the same share; its phases are `2 pi` times
 * that. The window's time is linear in both.
 */
export function filterFeatures(
  { features: size, time }: FilterDimensions,
  context: number,
  start: number,
  end: number,
): Features {
  const bands = (size - 1) / 2;
  const frequencies = linearSpace(1e-4, bands - 1, bands);
  const features = new Float32Array((end - start) * size);
  const times = new Float32Array(end - start);
  for (let t = start; t < end; t++) {
    const linear = t / (context - 1);
    const position = time === 'log' ? Math.log1p(t) / Math.log(context) : linear;
    const phase = time === 'log' ? 2 * Math.PI * position : (2 * Math.PI * t) / context;
    const row = (t - start) * size;
    features[row] = position;
    for (let k = 0; k < bands; k++) {
      const angle = phase * frequencies[k];
      features[row + 1 + k] = Math.cos(angle);
      features[row + 1 + bands + k] = -Math.sin(angle);
    }
    times[t - start] = linear;
  }
  return { start, end, features, times };
}

/** `count` numbers from `first` to `last`, evenly spaced, counted from the nearer end as PyTorch does. */
function linearSpace(first: number, last: number, count: number): Float64Array {
  const step = (last - first) / (count - 1);
  return new Float64Array(count).map((_, i) => {
    if (count === 1) return first;
    return i < count / 2 ? first + step * i : last - step * (count - 1 - i);
  });
}
