import type { ContributionMixer } from '../contract.js';
import type { Vector } from './vector.js';

/**
 * The convolution of tropical algebra, `z[t] = max over i <= t of y[i] + rho[t - i]`. There is no subtraction and so no fast
 * transform: tiling saves it no operations, only ways through memory.
 *
 * @param taps rho, `[time, channel]`; -Infinity for nothing
 * @param width channels
 */
export function maxPlusConvolution(
  taps: ArrayLike<number>,
  width: number,
): ContributionMixer<Vector, Vector, Vector> {
  return {
    reach: taps.length / width,
    identity: () => new Float64Array(width).fill(-Infinity),
    cont: (y, i, j) => y[i].map((value, c) => value + (taps[(j - i) * width + c] ?? -Infinity)),
    agg: (a, b) => a.map((value, c) => Math.max(value, b[c])),
    read: (z) => z,
    contribute(y, inputs, outputs, pending) {
      for (let j = outputs.from; j < outputs.to; j++) {
        const z = pending[j];
        for (let i = inputs.from; i < inputs.to; i++) {
          const at = (j - i) * width;
          for (let c = 0; c < width; c++) {
            const value = y[i][c] + taps[at + c];
            if (value > z[c]) z[c] = value;
          }
        }
      }
    },
  };
}
