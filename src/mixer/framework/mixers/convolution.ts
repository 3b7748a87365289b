import type { ContributionMixer } from '../contract.js';
import { sum, type Vector } from './vector.js';

/** What a convolution is of. */
export interface ConvolutionShape {
  /** Channels (D). */
  readonly width: number;
  /** Filters, each for `width / heads` neighbouring channels. Default: one for each channel. */
  readonly heads?: number;
}

/**
 * A causal convolution, `z[t] = sum over i <= t of y[i] rho[t - i]` in each channel: a long one, or, with few taps, a
 * window, which is also its reach.
 *
 * @param taps rho, `[time, head]`
 */
export function convolution(
  taps: ArrayLike<number>,
  { width, heads = width }: ConvolutionShape,
): ContributionMixer<Vector, Vector, Vector> {
  const reach = taps.length / heads;
  if (!Number.isInteger(width / heads))
    throw new RangeError(`${width} channels are not ${heads} equal heads`);
  if (!Number.isInteger(reach)) throw new RangeError(`taps: expected rows of ${heads}, got ${taps.length}`);
  const head = Array.from({ length: width }, (_, c) => Math.floor((c * heads) / width));
  const tap = (d: number, c: number): number => taps[d * heads + head[c]];
  return {
    reach,
    identity: () => new Float64Array(width),
    cont: (y, i, j) =>
      j - i < reach ? y[i].map((value, c) => value * tap(j - i, c)) : new Float64Array(width),
    agg: sum,
    read: (z) => z,
    contribute(y, inputs, outputs, pending) {
      for (let j = outputs.from; j < outputs.to; j++) {
        for (let c = 0; c < width; c++) {
          let z = 0;
          for (let i = Math.max(inputs.from, j - reach + 1); i < inputs.to; i++) z += y[i][c] * tap(j - i, c);
          pending[j][c] += z;
        }
      }
    },
  };
}
