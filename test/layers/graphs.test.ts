/** Step and block graphs by themselves, in ONNX Runtime, on weights of no meaning. */
import * as ort from 'onnxruntime-node';
import { hyenaModel } from '../../src/hyena/dimensions.js';
import { hyenaTensors } from '../../src/hyena/weights.js';
import { blockGraph } from '../../src/layers/block-graph.js';
import { layerState, stateOf } from '../../src/layers/kinds.js';
import { stepGraph } from '../../src/layers/step-graph.js';
import { elements, type TensorTable } from '../../src/onnx/tensors.js';
import { randomNumbers } from '../support/random.js';

ort.env.logLevel = 'fatal';

const DIMENSIONS = { width: 4, inner: 6, vocabulary: 5, context: 16, normEps: 1e-5 };
const FILTER = { features: 3, hidden: 2, shift: 0, time: 'log' } as const;

/** Tensors for a model, each in a file of its own name. */
function weightsOf(order: number, layers: number): { table: TensorTable; data: Map<string, Uint8Array> } {
  const shapes = hyenaTensors({ ...DIMENSIONS, order, layers }, FILTER, false);
  const random = randomNumbers(1);
  const values = (count: number): Uint8Array =>
    new Uint8Array(Float32Array.from({ length: count }, () => random() - 0.5).buffer);
  const place = (
    file: string,
    dims: readonly number[],
  ): [string, NonNullable<ReturnType<TensorTable['get']>>] => [
    file,
    { dtype: 'F32', dims, file, offset: 0, bytes: 4 * elements(dims) },
  ];
  return {
    table: new Map(Array.from(shapes, ([name, dims]) => place(name, dims))),
    data: new Map(Array.from(shapes, ([name, dims]) => [name, values(elements(dims))])),
  };
}

function load(graph: Uint8Array, data: ReadonlyMap<string, Uint8Array>): Promise<ort.InferenceSession> {
  const externalData = Array.from(data, ([path, bytes]) => ({ path, data: bytes }));
  return ort.InferenceSession.create(graph, { logSeverityLevel: 4, externalData });
}

const values = (...dims: number[]): ort.Tensor =>
  new ort.Tensor(
    'float32',
    Float32Array.from({ length: elements(dims) }, (_, i) => Math.sin(i)),
    dims,
  );

describe.each([
  [1, 2],
  [3, 2],
  [2, 3],
])('a step graph of %i layers of order %i', (layers, order) => {
  const model = hyenaModel({ ...DIMENSIONS, order, layers });
  const convolutions = layers * (order - 1);
  const channels = (order + 1) * 4;
  const feeds = {
    token: new ort.Tensor('int64', BigInt64Array.of(1n, 2n), [1, 2]),
    pending: values(convolutions, 2, 4),
    short_1: values(layers, 2, channels),
    short_2: values(layers, 2, channels),
  };

  test('loads and runs', async () => {
    const { table, data } = weightsOf(order, layers);
    const session = await load(stepGraph(model, table, { fused: true }), data);
    const out = await session.run(feeds);
    expect(out.logits.dims).toEqual([1, 2, 5]);
    expect(out.y.dims).toEqual([convolutions, 2, 4]);
    expect(out.short_0.dims).toEqual([layers, 2, channels]);
    expect(out.hidden.dims).toEqual([1, 2, 4]);
    await session.release();
  });

  test('gives the same logits with the transpose made when it loads', async () => {
    const { table, data } = weightsOf(order, layers);
    const logits: number[][] = [];
    for (const fused of [true, false]) {
      const session = await load(stepGraph(model, table, { fused }), data);
      logits.push([...((await session.run(feeds, ['logits'])).logits.data as Float32Array)]);
      await session.release();
    }
    logits[1].forEach((logit, v) => expect(logit).toBeCloseTo(logits[0][v], 5));
  });
});

test.each([2, 3, 4])('a block graph of order %i hands out its inner gates', async (order) => {
  const { table, data } = weightsOf(order, 1);
  const session = await load(blockGraph(hyenaModel({ ...DIMENSIONS, order, layers: 1 }), 0, table), data);
  const inner = session.outputNames.filter((name) => name.startsWith('inner_'));
  expect(inner).toEqual(Array.from({ length: order - 2 }, (_, k) => `inner_${k + 1}`));
  await session.release();
});

test('what layers declare alike is one tensor of the state, layers first', () => {
  const { layers } = hyenaModel({ ...DIMENSIONS, order: 2, layers: 3 });
  expect(layerState(layers[0], 4, 0)).toEqual([{ name: 'short', dims: [12], past: 2 }]);
  expect(stateOf(layers, 4)).toEqual([{ name: 'short', dims: [3, 12], past: 2, places: [0, 1, 2] }]);
});
