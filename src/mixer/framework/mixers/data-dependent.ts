import type { ContributionMixer } from '../contract.js';
import { sum, type Vector } from './vector.js';

/** What becomes known at a position: the input y, and the tap of that index. */
export interface InputAndTap {
  readonly y: Vector;
  readonly tap: Vector;
}

/**
 * A causal convolution whose filter is made on the way, `z[t] = sum over i + d = t of y[i] rho[d]`, y[t] and rho[t] being
 * known at step t only.
 *
 * As products of inputs and taps these are not the contributions of inputs: y[i] rho[d] would need a tap that may come after
 * the input. They are those of *positions*, the later of i and d: `cont(m, j) = y[m] rho[j - m] + y[j - m] rho[m]` for
 * j - m < m, one product for j - m = m, nothing for more. That depends on what is known at m only, so P.2 holds, and every
 * schedule serves, without one of its own. In the binary tiling, the tile of inputs [i - U, i) is then the product of U new
 * inputs with the first 2U taps and of U new taps with the first 2U inputs, or, for i = U, of all inputs with all taps:
 * van der Hoeven's relaxed multiplication.
 */
export function dataDependentConvolution(width: number): ContributionMixer<InputAndTap, Vector, Vector> {
  return {
    identity: () => new Float64Array(width),
    cont(x, m, j) {
      const d = j - m;
      const out = new Float64Array(width);
      if (d > m) return out;
      for (let c = 0; c < width; c++) {
        out[c] = x[m].y[c] * x[d].tap[c];
        if (d < m) out[c] += x[d].y[c] * x[m].tap[c];
      }
      return out;
    },
    agg: sum,
    read: (z) => z,
    contribute(x, inputs, outputs, pending) {
      for (let j = outputs.from; j < outputs.to; j++) {
        // d = j - m <= m
        for (let m = Math.max(inputs.from, Math.ceil(j / 2)); m < inputs.to; m++) {
          const [late, early] = [x[m], x[j - m]];
          const twice = j - m < m;
          for (let c = 0; c < width; c++) {
            pending[j][c] += late.y[c] * early.tap[c] + (twice ? early.y[c] * late.tap[c] : 0);
          }
        }
      }
    },
  };
}
