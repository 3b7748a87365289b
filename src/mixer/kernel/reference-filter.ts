/** What implicit filters are made of, in float64. */
import type { Kernels } from './kernels.js';
import type { Floats } from './reference-passes.js';

export type FilterKernels = Pick<Kernels, 'multiplyRows' | 'sineRows' | 'windowRows' | 'shrinkRows'>;

export function filterRows(f: Floats): FilterKernels {
  /** Replaces each value of the rows, that of row r and column o. */
  const map = (
    x: number,
    rows: number,
    stride: number,
    change: (value: number, r: number, o: number) => number,
  ): void => {
    for (let r = 0; r < rows; r++) {
      for (let o = 0, at = (x + r * stride) / 4; o < stride / 4; o++, at++) f[at] = change(f[at], r, o);
    }
  };
  return {
    multiplyRows(inputs, inputStride, rows, count, weights, outputs, stride) {
      map(outputs, rows, stride, (_, r, o) => {
        let sum = 0;
        const panel = weights / 4 + (o - (o % 8)) * count + (o % 8);
        for (let i = 0; i < count; i++) sum += f[(inputs + r * inputStride) / 4 + i] * f[panel + 8 * i];
        return sum;
      });
    },
    sineRows(x, rows, stride, bias, frequency) {
      map(x, rows, stride, (value, _, o) => Math.sin(f[frequency / 4 + o] * (value + f[bias / 4 + o])));
    },
    windowRows(x, rows, stride, times, decay, shift) {
      map(x, rows, stride, (value, r, o) => value * (Math.exp(f[times / 4 + r] * f[decay / 4 + o]) + shift));
    },
    shrinkRows(x, rows, stride, smallest) {
      map(x, rows, stride, (value) => (Math.abs(value) > smallest ? value : 0));
    },
  };
}
