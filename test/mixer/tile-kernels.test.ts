import {
  modalFilterOf,
  modeBytes,
  modeStateBytes,
  paddedModes,
  writeModes,
} from '../../src/mixer/memory/modes.js';
import { modalTaps } from '../../src/mixer/modes.js';
import { referenceKernels } from '../../src/mixer/kernel/reference.js';
import { randomModes } from '../framework/subjects.js';
import { Random, relL2, U } from '../support/mixing.js';
import { SIMD, Workshop } from '../support/workshop.js';

const ALL = [['reference', referenceKernels] as const, ...SIMD];

describe.each(ALL)('%s kernels', (_, kernelsFor) => {
  test('add the products of one position', () => {
    const random = new Random(80);
    const workshop = new Workshop(kernelsFor, 0, 65536);
    const [row, y, taps] = [1, 2, 3].map(() => workshop.random(5 * 16, random));
    const [sums, inputs, filter] = [row, y, taps].map((at) => workshop.get(at, 5 * 16));
    workshop.kernels.addProducts(row, y, taps, 5);
    workshop.checkFences();
    const want = Array.from(sums, (sum, k) => sum + inputs[k] * filter[k]);
    expect(relL2(workshop.get(row, 5 * 16), want)).toBeLessThanOrEqual(2 * U);
  });

  test('add two convolutions in one tile, of every side, clipped anywhere', () => {
    const random = new Random(81);
    for (let n = 16; n <= 256; n *= 2) {
      for (const count of new Set([n, 1, random.int(1, n)])) {
        const workshop = new Workshop(kernelsFor, n, n * 64 * 20 + 65536);
        const { kernels, floats, twiddles, twisted } = workshop;
        const [first, second] = [workshop.random(n * 16, random), workshop.random(n * 16, random)];
        const [ta, tb] = [workshop.random(2 * n * 16, random), workshop.random(2 * n * 16, random)];
        const outputs = workshop.random(count * 16, random);
        const [a, b] = [workshop.array(2 * n * 16), workshop.array(2 * n * 16)];
        const points = workshop.random(4 * n * 16, random);
        kernels.spectrum(ta, a, n * 64, n, twisted, twiddles);
        kernels.spectrum(tb, b, n * 64, n, twisted, twiddles);
        const at = (lines: number, row: number, c: number): number => floats[lines / 4 + row * 16 + c];
        const want = Array.from({ length: count * 16 }, (_, k) => {
          const [o, c] = [k >> 4, k & 15];
          let sum = at(outputs, o, c);
          for (let j = 0; j < n; j++) {
            sum += at(first, j, c) * at(ta, n + o - j, c) + at(second, j, c) * at(tb, n + o - j, c);
          }
          return sum;
        });
        kernels.pairTile(first, second, outputs, count, n, a, b, points, twisted, twiddles);
        workshop.checkFences();
        expect(relL2(workshop.get(outputs, count * 16), want)).toBeLessThanOrEqual(
          4 * U * Math.sqrt(Math.log2(4 * n)),
        );
      }
    }
  });

  test('add a window from two blocks to the next one, block after block, clipped at the end', () => {
    const random = new Random(83);
    for (let n = 16; n <= 256; n *= 2) {
      const [blocks, size, count] = [4, 2 * n * 64, random.int(1, n)];
      const length = blocks * n + count;
      const workshop = new Workshop(kernelsFor, n, n * 64 * 40 + 65536);
      const { kernels, floats, twiddles, twisted } = workshop;
      const taps = workshop.put(
        Float32Array.from({ length: 3 * n * 16 }, (_, k) => (k > n * 32 + 15 ? 0 : random.next() - 0.5)),
      );
      const inputs = workshop.random(length * 16, random);
      const outputs = workshop.random(length * 16, random);
      const at = (lines: number, row: number, c: number): number => floats[lines / 4 + row * 16 + c];
      const want = Array.from({ length: length * 16 }, (_, k) => {
        const [o, c] = [k >> 4, k & 15];
        let sum = at(outputs, o, c);
        for (let i = Math.max(0, o - 2 * n); i < o - (o % n); i++)
          sum += at(inputs, i, c) * at(taps, o - i, c);
        return sum;
      });
      const filter = workshop.array(4 * n * 16);
      for (const k of [0, 1])
        kernels.spectrum(taps + k * n * 64, filter + k * size, size / 2, n, twisted, twiddles);
      const left = workshop.put(new Float32Array(2 * n * 16));
      const points = workshop.random(2 * n * 16, random);
      for (let known = n; known < length; known += n) {
        const rows = Math.min(n, length - known);
        const from = inputs + (known - n) * 64;
        kernels.windowTile(from, outputs + known * 64, rows, n, left, filter, points, twisted, twiddles);
      }
      workshop.checkFences();
      expect(relL2(workshop.get(outputs, length * 16), want)).toBeLessThanOrEqual(
        4 * U * Math.sqrt(Math.log2(4 * n)),
      );
    }
  });

  test.each([false, true])('carry modal filters from block to block (complex: %p)', (complex) => {
    const random = new Random(82);
    for (const [count, rows, groups] of [
      [1, 4, 1],
      [5, 16, 2],
      [8, 2, 3],
      [3, 32, 1],
    ]) {
      const width = groups * 16 - random.int(0, 5);
      const modes = randomModes(count, width, random, complex);
      const blocks = 40;
      const length = (blocks + 1) * rows - random.int(0, rows - 1);
      const taps = modalTaps(modes, length + 1);
      const filter = modalFilterOf(modes);
      const [bytes, stateBytes] = [modeBytes(filter), modeStateBytes(filter)];
      const workshop = new Workshop(kernelsFor, 0, 65536 + groups * length * 128 + 2 * groups * bytes);
      const { kernels, floats } = workshop;
      const inputs = workshop.random(groups * length * 16, random);
      const outputs = workshop.put(new Float32Array(groups * length * 16));
      const state = workshop.put(new Float32Array((groups * stateBytes) / 4));
      const coefficients = workshop.random((groups * bytes) / 4, random);
      for (let g = 0; g < groups; g++) writeModes(floats, coefficients + g * bytes, modes, g);
      for (let known = rows; known < length; known += rows) {
        kernels.modalTile(
          inputs + (known - rows) * 64,
          outputs + known * 64,
          length * 64,
          groups,
          rows,
          Math.min(rows, length - known),
          state,
          coefficients,
          paddedModes(filter),
          complex,
        );
      }
      workshop.checkFences();
      const got: number[] = [];
      const want: number[] = [];
      for (let channel = 0; channel < width; channel++) {
        const column = (channel >> 4) * length * 16 + (channel & 15);
        for (let t = 0; t < length; t++) {
          got.push(floats[outputs / 4 + column + t * 16]);
          let sum = 0;
          for (let i = 0; i < t - (t % rows); i++) {
            sum += floats[inputs / 4 + column + i * 16] * taps[(t - i) * width + channel];
          }
          want.push(sum);
        }
      }
      expect(relL2(got, want)).toBeLessThanOrEqual(4 * U * Math.sqrt(Math.log2(2 * length)));
    }
  });
});
