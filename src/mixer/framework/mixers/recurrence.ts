import type { ContributionMixer } from '../contract.js';
import { sum, type Vector } from './vector.js';

/**
 * A linear recurrence whose decay does not depend on the data, `z[t] = a[t] z[t - 1] + y[t]` in each channel: input i reaches
 * output j by the product of a[i + 1] ... a[j].
 *
 * @param decay a[t] by channel
 */
export function linearRecurrence(
  decay: (t: number) => ArrayLike<number>,
): ContributionMixer<Vector, Vector, Vector> {
  const width = decay(0).length;
  const carry = (z: Vector, j: number): Vector => {
    const a = decay(j + 1);
    return z.map((value, c) => a[c] * value);
  };
  return {
    identity: () => new Float64Array(width),
    cont(y, i, j) {
      let z = y[i];
      for (let t = i; t < j; t++) z = carry(z, t);
      return z;
    },
    agg: sum,
    read: (z) => z,
    carry,
  };
}

/** Input, and the decay that it brings with it. */
export interface InputAndDecay {
  readonly y: Vector;
  readonly decay: Vector;
}

/**
 * A recurrence whose decay comes with the data (selective state spaces, gated recurrent units without a hidden-to-gate path),
 * `z[t] = decay[t] z[t - 1] + y[t]`. The product of later decays is not known at input i, but need not be: each input
 * contributes the *map* z -> decay z + y, the same for every output, and maps are composed. That is associative, and does not
 * commute.
 */
export function selectiveRecurrence(width: number): ContributionMixer<InputAndDecay, InputAndDecay, Vector> {
  return {
    identity: () => ({ y: new Float64Array(width), decay: new Float64Array(width).fill(1) }),
    cont: (x, i) => x[i],
    agg: (earlier, later) => ({
      y: later.y.map((value, c) => later.decay[c] * earlier.y[c] + value),
      decay: later.decay.map((value, c) => value * earlier.decay[c]),
    }),
    read: ({ y }) => y,
    carry: (map) => map,
  };
}
