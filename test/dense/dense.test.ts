/** Products and what lies between them, against their definitions in float64. */
import { quantise } from '../../src/bundle/quantised.js';
import { Dense, denseModules, FUNCTIONS, type MatrixShape, type Rows } from '../../src/dense/index.js';
import { DenseTeam } from '../../src/dense/team.js';
import { Workspace } from '../../src/dense/workspace.js';
import { layMatrix } from '../../src/dense/matrix.js';
import { relL2 } from '../support/tiny-model.js';
import { Random } from '../support/mixing.js';

const relaxed = denseModules.compileRelaxed();
const MODULES = [
  ['SIMD', denseModules.basic],
  ...(relaxed === undefined ? [] : [['relaxed SIMD', relaxed] as const]),
] as const;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Bit by bit. */
const same = (a: Float32Array, b: Float32Array): boolean => Buffer.compare(bytesOf(a), bytesOf(b)) === 0;

/** `[row, input]` times `[output, input]`. */
function product(x: Float32Array, w: ArrayLike<number>, rows: number, outputs: number): Float64Array {
  const inputs = x.length / rows;
  return Float64Array.from({ length: rows * outputs }, (_, at) => {
    const [r, o] = [Math.floor(at / outputs), at % outputs];
    let sum = 0;
    for (let k = 0; k < inputs; k++) sum += x[r * inputs + k] * w[o * inputs + k];
    return sum;
  });
}

function put(rows: Rows, values: Float32Array): void {
  for (let r = 0; r * rows.channels < values.length; r++) {
    rows.values.set(values.subarray(r * rows.channels, (r + 1) * rows.channels), (r * rows.stride) / 4);
  }
}

function take({ values, channels, stride }: Rows, count: number): Float32Array {
  const out = new Float32Array(count * channels);
  for (let r = 0; r < count; r++) {
    out.set(values.subarray((r * stride) / 4, (r * stride) / 4 + channels), r * channels);
  }
  return out;
}

/** The product of rows with a matrix, all at once; each alone gives the same bits, which is looked at. */
function multiply(
  dense: Dense,
  shape: MatrixShape,
  x: Float32Array,
  bytes: Uint8Array,
  scales?: Uint8Array,
): Float32Array {
  const { inputs, outputs } = shape;
  const rows = x.length / inputs;
  const matrix = dense.matrix(shape, bytes, scales);
  const [from, to] = [dense.rows(rows, inputs), dense.rows(rows, outputs)];
  // Behind the channels there may be anything.
  from.values.fill(NaN);
  put(from, x);
  dense.multiply(from, matrix, rows, to);
  const together = take(to, rows);
  const [one, alone] = [dense.rows(1, inputs), dense.rows(1, outputs)];
  for (let r = 0; r < rows; r++) {
    put(one, x.subarray(r * inputs, (r + 1) * inputs));
    dense.multiply(one, matrix, 1, alone);
    expect(same(take(alone, 1), together.subarray(r * outputs, (r + 1) * outputs))).toBe(true);
  }
  return together;
}

describe.each(MODULES)('%s', (_, module) => {
  beforeEach(() => denseModules.adopt(module));

  test.each([
    [1, 1, 1],
    [1, 7, 33],
    [2, 64, 16],
    [3, 31, 100],
    [5, 300, 64],
    [9, 2, 5],
  ])('%i rows of %i inputs to %i outputs in float32, stored either way', (rows, inputs, outputs) => {
    const random = new Random(rows * inputs);
    const x = random.floats(rows * inputs);
    const w = random.floats(outputs * inputs);
    const wanted = product(x, w, rows, outputs);
    const turned = Float32Array.from({ length: w.length }, (_, at) => {
      const [k, o] = [Math.floor(at / outputs), at % outputs];
      return w[o * inputs + k];
    });
    for (const [byOutput, values] of [
      [true, w],
      [false, turned],
    ] as const) {
      const got = multiply(new Dense(), { byOutput, inputs, outputs }, x, bytesOf(values));
      expect(relL2(got, wanted)).toBeLessThan(1e-6);
    }
  });

  test.each([
    [8, 64, 1, 64, 1],
    [8, 64, 3, 256, 50],
    [8, 32, 5, 96, 33],
    [4, 32, 1, 32, 32],
    [4, 32, 4, 160, 70],
  ] as const)(
    '%i bits in blocks of %i: %i rows of %i inputs to %i outputs',
    async (bits, block, rows, inputs, outputs) => {
      const random = new Random(inputs + outputs);
      const x = random.floats(rows * inputs).map((value, i) => value * 10 ** (i % 3));
      const { bytes, scales } = await quantise(random.floats(outputs * inputs), { bits, block });
      const w = Float64Array.from({ length: outputs * inputs }, (_, at) => {
        const q = bits === 8 ? bytes[at] - 128 : ((bytes[at >> 1] >> (4 * (at & 1))) & 15) - 8;
        return q * scales[Math.floor(at / block)];
      });
      const shape = { byOutput: true, inputs, outputs, packing: { bits, block } };
      const got = multiply(new Dense(), shape, x, bytes, bytesOf(scales));
      expect(relL2(got, product(x, w, rows, outputs))).toBeLessThan(bits === 8 ? 1e-4 : 0.02);
      // As near as that for the rounding of rows alone: by rows to 16 bits, or by blocks to 8.
      const [length, digit] = bits === 8 ? [inputs, 32767] : [block, 127];
      const digits = x.map((value, at) => {
        const together = x.subarray(at - (at % length), at - (at % length) + length);
        const most = together.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
        return (Math.round((value / most) * digit) * most) / digit;
      });
      expect(relL2(got, product(digits, w, rows, outputs))).toBeLessThan(1e-5);
    },
  );

  test.each([
    { bits: 8, block: 64 },
    { bits: 4, block: 32 },
  ] as const)(
    'of $bits bits, rows of nothing give nothing, and what is no number stays none',
    async (packing) => {
      const { bytes, scales } = await quantise(new Random(1).floats(64 * 40), packing);
      const shape = { byOutput: true, inputs: 64, outputs: 40, packing } as const;
      const of = (x: Float32Array): Float32Array => multiply(new Dense(), shape, x, bytes, bytesOf(scales));
      expect(of(new Float32Array(128))).toEqual(new Float32Array(80));
      for (const odd of [NaN, Infinity, -Infinity]) {
        const x = new Float32Array(64).fill(1);
        x[3] = odd;
        expect(of(x).some(Number.isFinite)).toBe(false);
      }
    },
  );

  test('threads share a product, and change no bit', async () => {
    const random = new Random(7);
    const workspace = new Workspace();
    const bytes = bytesOf(random.floats(500 * 96));
    const matrix = layMatrix(workspace, { byOutput: true, inputs: 96, outputs: 500 }, bytes);
    const dense = new Dense();
    const x = random.floats(3 * 96);
    const alone = multiply(dense, { byOutput: true, inputs: 96, outputs: 500 }, x, bytes);
    const address = workspace.take(4 * x.length);
    workspace.floats(address, x.length).set(x);
    const stride = 2048;
    const to = { address: workspace.take(3 * stride), channels: 500, stride };
    const values = workspace.floats(to.address, (3 * stride) / 4);
    const team = new DenseTeam(workspace, 3);
    const product = (): Float32Array => {
      values.fill(NaN);
      team.multiply(3, address, 4 * 96, matrix, { ...to, values });
      return take({ ...to, values }, 3);
    };
    expect(same(product(), alone)).toBe(true);
    while (!team.ready) await new Promise((resolve) => setTimeout(resolve, 1));
    for (let times = 0; times < 100; times++) expect(same(product(), alone)).toBe(true);
    await team.close();
  });

  /** Rows with `f` of them, of channels that are no whole number of vectors, and large values among them. */
  function values(count: number, channels: number): { x: Float32Array; dense: Dense } {
    const x = new Random(channels).floats(count * channels).map((value, i) => value * [1, 8, 90][i % 3]);
    return { x, dense: new Dense() };
  }

  test.each([1, 4, 30, 67])('norms and residuals of %i channels', (channels) => {
    const { x, dense } = values(3, channels);
    const random = new Random(2);
    const [weight, offset, bias] = [1, 2, 3].map(() => random.floats(channels));
    const [rows, branch, to] = [1, 2, 3].map(() => dense.rows(3, channels));
    put(rows, x);
    put(branch, x.map(Math.sin));
    const { kernels } = dense;
    const [w, o, b] = [weight, offset, bias].map((each) => dense.vector(each));
    kernels.addBranch(rows.address, rows.stride, branch.address, branch.stride, b, 3, channels);
    const sums = x.map((value, i) => value + Math.sin(value) + bias[i % channels]);
    expect(relL2(take(rows, 3), sums)).toBeLessThan(1e-6);
    kernels.normalise(rows.address, rows.stride, w, o, 1e-5, 3, channels, to.address, to.stride);
    const wanted = sums.map((value, i) => {
      const row = sums.subarray(i - (i % channels), i - (i % channels) + channels);
      const mean = row.reduce((a, c) => a + c, 0) / channels;
      const variance = row.reduce((a, c) => a + (c - mean) ** 2, 0) / channels;
      const c = i % channels;
      return ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[c] + offset[c];
    });
    expect(relL2(take(to, 3), wanted)).toBeLessThan(2e-6);
    // Squares overflow: what comes of that says so.
    rows.values.fill(1e30);
    rows.values[0] = -1e30;
    kernels.normalise(rows.address, rows.stride, w, o, 1e-5, 1, channels, to.address, to.stride);
    if (channels > 1) expect(take(to, 1).some(Number.isFinite)).toBe(false);
  });

  /** The normal distribution by its series, which is exact for the sizes that matter. */
  function normal(x: number): number {
    if (Math.abs(x) > 7) return x > 0 ? 1 : 0;
    let [term, sum] = [x, x];
    for (let n = 1; n < 200; n++) sum += term *= (x * x) / (2 * n + 1);
    return 0.5 + sum * Math.exp((-x * x) / 2) * 0.3989422804014327;
  }

  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  test.each([
    ['relu', (x: number) => Math.max(x, 0)],
    ['gelu', (x: number) => x * normal(x)],
    ['silu', (x: number) => x * sigmoid(x)],
    ['sigmoid', sigmoid],
    ['tanh', Math.tanh],
  ] as const)('%s', (name, f) => {
    const { x, dense } = values(2, 33);
    const rows = dense.rows(2, 33);
    put(rows, x);
    dense.kernels.activate(FUNCTIONS.indexOf(name), rows.address, rows.stride, 2, 33);
    for (const [i, value] of take(rows, 2).entries()) {
      expect(Math.abs(value - f(x[i]))).toBeLessThan(1e-6 * Math.max(1, Math.abs(x[i])));
    }
  });

  test('gelu of the tanh form, with a bias', () => {
    const { x, dense } = values(2, 33);
    const rows = dense.rows(2, 33);
    const bias = new Random(3).floats(33);
    put(rows, x);
    dense.kernels.geluTanh(rows.address, rows.stride, dense.vector(bias), 2, 33);
    const wanted = x.map((value, i) => {
      const v = value + bias[i % 33];
      return 0.5 * v * (1 + Math.tanh(0.7978845608028654 * (v + 0.044715 * v ** 3)));
    });
    expect(relL2(take(rows, 2), wanted)).toBeLessThan(1e-6);
  });
});
