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

  test('multiply rows, the same bits wherever they are cut', () => {
    const random = new Random(84);
    for (const [rows, count, columns] of [
      [4, 1, 8],
      [20, 17, 64],
      [32, 64, 24],
    ]) {
      const workshop = new Workshop(kernelsFor, 0, 1 << 18);
      const { kernels, floats } = workshop;
      const inputs = workshop.random(rows * (count + 3), random);
      const weights = workshop.random(count * columns, random);
      const outputs = workshop.array(rows * columns);
      const [wide, stride] = [4 * (count + 3), 4 * columns];
      kernels.multiplyRows(inputs, wide, rows, count, weights, outputs, stride);
      workshop.checkFences();
      const got = workshop.get(outputs, rows * columns);
      const want = got.map((_, k) => {
        const [r, o] = [Math.floor(k / columns), k % columns];
        let sum = 0;
        for (let i = 0; i < count; i++) {
          const panel = (o - (o % 8)) * count + 8 * i + (o % 8);
          sum += floats[inputs / 4 + r * (count + 3) + i] * floats[weights / 4 + panel];
        }
        return sum;
      });
      expect(relL2(got, want)).toBeLessThanOrEqual(2 * U * Math.sqrt(count));
      // By rows, and by columns.
      for (let r = 0; r < rows; r += 4) {
        kernels.multiplyRows(inputs + r * wide, wide, 4, count, weights, outputs, stride);
        expect(workshop.get(outputs, 4 * columns)).toEqual(got.subarray(r * columns, (r + 4) * columns));
      }
      kernels.multiplyRows(inputs, wide, 4, count, weights + (columns - 8) * 4 * count, outputs, 32);
      expect(workshop.get(outputs, 8)).toEqual(got.subarray(columns - 8, columns));
    }
  });

  test('sines, windows, and what is too small', () => {
    const random = new Random(85);
    const workshop = new Workshop(kernelsFor, 0, 1 << 20);
    const { kernels } = workshop;
    const [rows, columns] = [64, 64];
    const put = (count: number, value: (k: number) => number): number =>
      workshop.put(Float32Array.from({ length: count }, (_, k) => value(k)));
    const of = (at: number, count = columns): Float32Array => workshop.get(at, count);
    const x = put(rows * columns, () => 20 * random.next() - 10);
    const before = of(x, rows * columns);
    const bias = put(columns, () => random.next() - 0.5);
    const frequency = put(columns, (c) => 2 ** (c % 8));
    kernels.sineRows(x, rows, 4 * columns, bias, frequency);
    of(x, rows * columns).forEach((sine, k) => {
      const c = k % columns;
      const phase = Math.fround(of(frequency)[c] * Math.fround(before[k] + of(bias)[c]));
      // The reference does not round the phase.
      const rounding = kernelsFor === referenceKernels ? Math.abs(phase) : 0;
      expect(Math.abs(sine - Math.sin(phase))).toBeLessThanOrEqual((2 + rounding) * U);
    });
    const times = put(rows, (r) => r / rows);
    const decay = put(columns, (c) => -2 * c);
    const windowed = put(rows * columns, () => 1);
    kernels.windowRows(windowed, rows, 4 * columns, times, decay, 0.5);
    of(windowed, rows * columns).forEach((value, k) => {
      const exponent = Math.fround(of(times, rows)[Math.floor(k / columns)] * of(decay)[k % columns]);
      const want = Math.exp(exponent) + 0.5;
      expect(Math.abs(value - want) / want).toBeLessThanOrEqual(4 * U);
    });
    const small = workshop.put([1e-31, -1e-31, 2e-30, -2e-30, 0, -0, 1, -1]);
    kernels.shrinkRows(small, 1, 32, 1e-30);
    expect([...of(small, 8)].map(Math.abs)).toEqual([0, 0, 2e-30, 2e-30, 0, 0, 1, 1].map(Math.fround));
    workshop.checkFences();
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
