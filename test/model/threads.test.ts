/** Layers large enough that ONNX Runtime does share them out among threads, and still not one bit differs. */
import { makeGraph, type GraphName } from '../../src/bundle/graphs.js';
import type { Bundle, HyenaDimensions } from '../../src/bundle/index.js';
import { openModel, type StepState } from '../../src/model/index.js';
import { loadGraph, loadRuntime, type Feeds, type Runtime } from '../../src/model/session.js';
import type { TensorTable } from '../../src/onnx/tensors.js';
import { FEATURES, noise, randomHyena } from '../support/random-hyena.js';
import { removeTemporary } from '../support/tiny-model.js';

const WIDTH = 256;
const model: HyenaDimensions = {
  order: 2,
  layers: 1,
  width: WIDTH,
  inner: 1024,
  vocabulary: 2048,
  context: 4096,
  normEps: 1e-5,
};
const WIDTHS = [32, 8, 4] as const;
type Width = (typeof WIDTHS)[number];

/** By bits of a weight. */
const bundles = new Map<Width, Bundle>();
let runtime: Runtime;

beforeAll(async () => {
  for (const bits of WIDTHS) {
    bundles.set(bits, await randomHyena(model, bits === 32 ? undefined : bits));
  }
  runtime = await loadRuntime();
});
afterAll(() => {
  for (const bundle of bundles.values()) bundle.close();
  removeTemporary();
});

function tensor(...dims: number[]): Feeds[string] {
  return new runtime.Tensor(
    'float32',
    noise(
      dims.reduce((a, b) => a * b, 1),
      1,
    ),
    dims,
  );
}

const int64 = (values: number[], dims: number[]): Feeds[string] =>
  new runtime.Tensor('int64', BigInt64Array.from(values, BigInt), dims);

const ROWS = 333;
const rows = (): Feeds => ({ x: tensor(ROWS, WIDTH), gate: tensor(ROWS, WIDTH), z: tensor(ROWS, WIDTH) });

describe.each<[GraphName, boolean, () => Feeds]>([
  [
    'step',
    true,
    () => ({
      token: int64([5], [1, 1]),
      pending: tensor(1, 1, WIDTH),
      short_1: tensor(1, 1, 3 * WIDTH),
      short_2: tensor(1, 1, 3 * WIDTH),
    }),
  ],
  [
    'block0',
    false,
    () => ({
      ids: int64(
        Array.from({ length: ROWS }, (_, t) => t),
        [ROWS],
      ),
      short: tensor(2, 3 * WIDTH),
    }),
  ],
  ['block1', false, rows],
  ['head', false, () => ({ x: tensor(ROWS, WIDTH) })],
  [
    'filter',
    false,
    () => ({ convolution: int64([0], []), features: tensor(ROWS, FEATURES), times: tensor(ROWS, 1) }),
  ],
])('%s', (name, prepack, feeds) => {
  test.each(name === 'filter' ? [32 as const] : WIDTHS)('weights of %i bits', async (bits) => {
    const bundle = bundles.get(bits)!;
    const results: Record<string, Buffer>[] = [];
    for (const threads of [1, 2, 3]) {
      const settings = { device: 'cpu', threads, prepack, spin: false } as const;
      const source = {
        label: name,
        weights: bundle.weights,
        make: (table: TensorTable) => makeGraph(bundle.config, name, table, { fused: true }),
      };
      const { session } = await loadGraph(source, settings);
      const outputs = await session.run(feeds());
      results.push(
        Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, bytesOf(data)])),
      );
      await session.release();
    }
    for (const [name, bytes] of Object.entries(results[0])) {
      expect(results.map((result) => [name, bytes.equals(result[name])])).toEqual(
        Array(3).fill([name, true]),
      );
    }
  });
});

test.each(WIDTHS)('lanes side by side get the bits of one alone, weights of %i bits', async (bits) => {
  const opened = await openModel(bundles.get(bits)!.directory, { threads: 2, batch: 5 });
  const sums = noise(5 * WIDTH, 1);
  const inputs = (state: StepState, lane: (index: number) => number): void => {
    for (let i = 0; i < state.pending.length; i++) state.pending[i] = sums[lane(i)];
  };
  const together = opened.start(5, { hidden: true });
  const tokens = [3, 1, 4, 1, 5];
  const alone = tokens.map(() => opened.start(1, { hidden: true }));
  for (let step = 0; step < 3; step++) {
    inputs(together, (i) => i);
    const { logits, y, hidden } = await opened.step(together, tokens);
    for (const [lane, state] of alone.entries()) {
      inputs(state, (i) => lane * WIDTH + i);
      const own = await opened.step(state, tokens[lane]);
      const part = (all: Float32Array, of: Float32Array): Float32Array =>
        all.subarray(lane * of.length, (lane + 1) * of.length);
      expect(bytesOf(part(logits, own.logits)).equals(bytesOf(own.logits))).toBe(true);
      expect(bytesOf(part(y, own.y)).equals(bytesOf(own.y))).toBe(true);
      expect(bytesOf(part(hidden!, own.hidden!)).equals(bytesOf(own.hidden!))).toBe(true);
    }
  }
  await opened.close();
});

/** Compared as bytes: element by element, jest would take seconds. */
function bytesOf(data: Feeds[string]['data']): Buffer {
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}
