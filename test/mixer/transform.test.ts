import fft from 'ndarray-fft';
import ndarray from 'ndarray';
import { frequencyAt } from '../../src/mixer/kernel/kernels.js';
import { Random, relL2, U } from '../support/mixing.js';
import { SIMD, Workshop } from '../support/workshop.js';

/** Interleaved re, im. */
type Complex = Float64Array;

/** The transform by definition, O(n^2), angles reduced exactly. */
function dft(x: Complex): Complex {
  const n = x.length / 2;
  const out = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) {
      const angle = (-2 * Math.PI * ((j * k) % n)) / n;
      out[2 * k] += x[2 * j] * Math.cos(angle) - x[2 * j + 1] * Math.sin(angle);
      out[2 * k + 1] += x[2 * j] * Math.sin(angle) + x[2 * j + 1] * Math.cos(angle);
    }
  }
  return out;
}

/** The transform by another's code, float64; its direction 1 is exp(+...), unscaled, and -1 is exp(-...) / n. */
function reference(x: Complex, direction: 1 | -1 = -1): Complex {
  const n = x.length / 2;
  const re = Float64Array.from({ length: n }, (_, j) => x[2 * j]);
  const im = Float64Array.from({ length: n }, (_, j) => x[2 * j + 1]);
  fft(direction, ndarray(re), ndarray(im));
  const scale = direction === -1 ? n : 1;
  return Float64Array.from({ length: 2 * n }, (_, k) => scale * (k % 2 === 0 ? re : im)[k >> 1]);
}

/** Channel c of n points, in the order `at` gives. */
function channel(points: Float32Array, c: number, n: number, at: (j: number) => number): Complex {
  const out = new Float64Array(2 * n);
  for (let j = 0; j < n; j++) {
    out[2 * at(j)] = points[j * 16 + c];
    out[2 * at(j) + 1] = points[j * 16 + 8 + c];
  }
  return out;
}

/** Of each length, the transforms of what all kernels are given: the same random points. */
const references = new Map<string, Complex>();
function referenceOnce(name: string, x: Complex): Complex {
  if (!references.has(name)) references.set(name, reference(x));
  return references.get(name)!;
}

const LOGS = Array.from({ length: 19 }, (_, log) => log);

test('the reference agrees with the definition', () => {
  const random = new Random(21);
  for (let n = 1; n <= 512; n *= 2) {
    const x = Float64Array.from({ length: 2 * n }, () => random.next() - 0.5);
    expect(relL2(reference(x), dft(x))).toBeLessThan(1e-14 * Math.max(1, n));
  }
});

describe.each(SIMD)('transforms by %s', (_name, kernelsFor) => {
  test.each(LOGS)('of 2^%i points are as accurate as float32 allows', (log) => {
    const n = 2 ** log;
    const random = new Random(22 + log);
    const workshop = new Workshop(kernelsFor, n, n * 64 + 4096);
    const points = workshop.random(n * 16, random);
    const before = workshop.get(points, n * 16);
    const natural = (j: number): number => j;
    const frequencies = Uint32Array.from({ length: n }, (_, index) => frequencyAt(index, n));
    const order = (j: number): number => frequencies[j];
    const gate = U * Math.sqrt(log);
    workshop.kernels.forward(points, n, workshop.twiddles);
    const after = workshop.get(points, n * 16);
    workshop.kernels.inverse(points, n, workshop.twiddles);
    const back = workshop.get(points, n * 16);
    workshop.checkFences();
    for (let c = 0; c < 8; c += n > 32768 ? 8 : n > 4096 ? 5 : 1) {
      const x = channel(before, c, n, natural);
      expect(relL2(channel(after, c, n, order), referenceOnce(`${c} of ${n}`, x))).toBeLessThanOrEqual(gate);
      // The inverse on its own, from the float32 spectrum it was given.
      const want = reference(channel(after, c, n, order), 1);
      expect(relL2(channel(back, c, n, natural), want)).toBeLessThanOrEqual(gate);
    }
  });

  test.each([1, 2, 4, 8, 64, 128, 1024])('of %i points: impulse, shift, linearity', (n) => {
    const random = new Random(23);
    const workshop = new Workshop(kernelsFor, n, n * 64 * 4 + 8192);
    const transform = (values: Float32Array): Float32Array => {
      workshop.floats.set(values, points / 4);
      workshop.kernels.forward(points, n, workshop.twiddles);
      return workshop.get(points, n * 16);
    };
    const points = workshop.array(n * 16);
    // An impulse at 0 is exactly 1 at all frequencies; channel c gets c + 1.
    const impulse = new Float32Array(n * 16);
    for (let c = 0; c < 8; c++) impulse[c] = c + 1;
    expect(transform(impulse).every((value, k) => value === (k % 16 < 8 ? (k % 16) + 1 : 0))).toBe(true);
    // An impulse at s is exp(-2 pi i f s / n).
    const s = random.int(0, n - 1);
    const shifted = new Float32Array(n * 16);
    shifted[s * 16] = 1;
    const got = channel(transform(shifted), 0, n, (j) => frequencyAt(j, n));
    const want = Float64Array.from({ length: 2 * n }, (_, k) => {
      const angle = (-2 * Math.PI * ((s * (k >> 1)) % n)) / n;
      return k % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
    });
    expect(relL2(got, want)).toBeLessThanOrEqual(2 * U);
    const a = random.floats(n * 16);
    const b = random.floats(n * 16);
    const both = transform(a.map((value, k) => 2 * value - b[k]));
    const [ta, tb] = [transform(a), transform(b)];
    expect(
      relL2(
        both,
        ta.map((value, k) => 2 * value - tb[k]),
      ),
    ).toBeLessThanOrEqual(4 * U * Math.sqrt(1 + Math.log2(n)));
  });

  test('leave every frequency exactly once', () => {
    for (const n of [1, 2, 4, 8, 16, 32, 512]) {
      const seen = new Set(Array.from({ length: n }, (_, index) => frequencyAt(index, n)));
      expect(seen.size).toBe(n);
      expect(Math.max(...seen)).toBe(n - 1);
    }
  });
});

describe.each(SIMD)('negacyclic convolution by %s', (_name, kernelsFor) => {
  test.each([16, 32, 64, 256, 2048, 8192])('of %i inputs, both halves', (n) => {
    const random = new Random(24);
    const workshop = new Workshop(kernelsFor, n, n * 64 * 9 + 16384);
    const rows = workshop.random(n * 16, random);
    const taps = workshop.random(2 * n * 16, random);
    const filter = workshop.array(2 * n * 16);
    const points = workshop.array(2 * n * 16);
    const low = workshop.random(n * 16, random);
    const high = workshop.random(n * 16, random);
    const [lowBefore, highBefore] = [workshop.get(low, n * 16), workshop.get(high, n * 16)];
    const { kernels, twiddles, twisted, floats } = workshop;
    kernels.spectrum(taps, filter, n * 64, n, twisted, twiddles);
    kernels.convolveRows(rows, points, n, filter, twisted, twiddles);
    kernels.addLower(points, low, n, n, twisted);
    kernels.addUpper(points, high, n, n, twisted);
    workshop.checkFences();
    const gate = 4 * U * Math.sqrt(Math.log2(2 * n));
    for (const c of [0, 7, 8, 11, 15]) {
      // x(t) taps(t) modulo t^2n + 1, by a cyclic convolution of twice the length
      const [xre, xim, hre, him] = [0, 0, 0, 0].map(() => new Float64Array(4 * n));
      for (let t = 0; t < n; t++) xre[t] = floats[rows / 4 + t * 16 + c];
      for (let t = 0; t < 2 * n; t++) hre[t] = floats[taps / 4 + t * 16 + c];
      fft(1, ndarray(xre), ndarray(xim));
      fft(1, ndarray(hre), ndarray(him));
      const re = xre.map((value, k) => value * hre[k] - xim[k] * him[k]);
      const im = xre.map((value, k) => value * him[k] + xim[k] * hre[k]);
      fft(-1, ndarray(re), ndarray(im));
      const want = (t: number): number => re[t] - re[t + 2 * n];
      const column = (at: number, before: Float32Array): Float64Array =>
        Float64Array.from({ length: n }, (_, t) => floats[at / 4 + t * 16 + c] - before[t * 16 + c]);
      const lower = Float64Array.from({ length: n }, (_, t) => want(t));
      const upper = Float64Array.from({ length: n }, (_, t) => want(t + n));
      expect(relL2(column(low, lowBefore), lower)).toBeLessThanOrEqual(gate);
      expect(relL2(column(high, highBefore), upper)).toBeLessThanOrEqual(gate);
    }
  });
});
