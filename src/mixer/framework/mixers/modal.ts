import type { Modes } from '../../modes.js';
import type { ContributionMixer } from '../contract.js';
import { sum, type Vector } from './vector.js';

/**
 * A convolution with a modal filter, exactly, as a recurrence: the carrier is every mode's state, `[mode, channel]` real then
 * imaginary parts, which input i enters as y[i] and which each position multiplies by the pole.
 */
export function modalFilter({ poles, residues, width }: Modes): ContributionMixer<Vector, Vector, Vector> {
  const size = poles.re.length;
  const turn = (state: Vector): Vector => {
    const next = new Float64Array(2 * size);
    for (let n = 0; n < size; n++) {
      const [re, im] = [poles.re[n], poles.im?.[n] ?? 0];
      next[n] = re * state[n] - im * state[size + n];
      next[size + n] = re * state[size + n] + im * state[n];
    }
    return next;
  };
  return {
    identity: () => new Float64Array(2 * size),
    cont(y, i, j) {
      let state: Vector = new Float64Array(2 * size);
      for (let n = 0; n < size; n++) state[n] = y[i][n % width];
      for (let t = i; t < j; t++) state = turn(state);
      return state;
    },
    agg: sum,
    read(state) {
      const z = new Float64Array(width);
      for (let n = 0; n < size; n++) {
        z[n % width] += residues.re[n] * state[n] - (residues.im?.[n] ?? 0) * state[size + n];
      }
      return z;
    },
    carry: turn,
  };
}
