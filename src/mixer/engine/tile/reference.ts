import { createRequire } from 'node:module';
import { GROUP, LINE } from '../../memory/index.js';
import { keepTaps } from './taps.js';
import type { MakeTiles } from './tile.js';

/**
 * The readable reference: one cyclic convolution in float64 of all inputs with the taps, one channel at a time,
 * transforming everything anew for every tile.
 *
 * Its libraries are loaded when such a tile is built, and only then: they compile code from strings, which a process may
 * forbid (`node --disallow-code-generation-from-strings`). No plan that the planner makes, and none of a saved state, has one.
 */
export const referenceTiles: MakeTiles = (bank, level) => {
  const load = createRequire(import.meta.url);
  const fft = load('ndarray-fft') as typeof import('ndarray-fft').default;
  const ndarray = load('ndarray') as typeof import('ndarray');
  const { floats, layout } = bank;
  const { units, slots, stride } = layout;
  const { filter, filterStride } = level;
  /** Every sixteenth float from `at`, followed by zeros. */
  const column = (at: number, rows: number, n: number): [Float64Array, Float64Array] => {
    const re = new Float64Array(n);
    for (let t = 0; t < rows; t++) re[t] = floats[at + t * GROUP];
    return [re, new Float64Array(n)];
  };
  return {
    prepare: keepTaps(bank, level),
    run(known, rows, count, lane, from, to) {
      // Wanted are rows ... rows + count - 1 of the product; so long, what wraps around falls before them.
      const n = 2 ** Math.ceil(Math.log2(rows + count));
      for (let u = from; u < to; u++) {
        const output = (slots + (lane * units + u) * stride + known * LINE) / 4;
        for (let c = 0; c < GROUP; c++) {
          const [re, im] = column(output - rows * GROUP + c, rows, n);
          const [hre, him] = column((filter + u * filterStride) / 4 + c, rows + count, n);
          fft(1, ndarray(re), ndarray(im));
          fft(1, ndarray(hre), ndarray(him));
          for (let k = 0; k < n; k++) {
            const product = re[k] * hre[k] - im[k] * him[k];
            im[k] = re[k] * him[k] + im[k] * hre[k];
            re[k] = product;
          }
          fft(-1, ndarray(re), ndarray(im));
          for (let o = 0; o < count; o++) floats[output + o * GROUP + c] += re[rows + o];
        }
      }
    },
  };
};
