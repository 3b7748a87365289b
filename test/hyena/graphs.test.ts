/** Graphs by themselves, in ONNX Runtime. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { blockGraph } from '../../src/hyena/block-graph.js';
import { CONTRIB, GraphBuilder } from '../../src/onnx/graph.js';
import { stepGraph } from '../../src/hyena/step-graph.js';
import { layOut, tensorBytes, type Tensor } from '../../src/onnx/tensors.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

ort.env.logLevel = 'fatal';
afterAll(removeTemporary);

async function load(graph: Uint8Array, tensors: readonly Tensor[] = []): Promise<ort.InferenceSession> {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'w.bin'), Buffer.concat([...tensorBytes(layOut('w.bin', tensors), tensors)]));
  writeFileSync(join(directory, 'g.onnx'), graph);
  return ort.InferenceSession.create(join(directory, 'g.onnx'), { logSeverityLevel: 4 });
}

test('weights, views, constants, scalars and attributes arrive', async () => {
  const tensors = [{ name: 'w', dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) }];
  const g = new GraphBuilder('g', layOut('w.bin', tensors, [{ name: 'row', of: 'w', start: 2, dims: [2] }]));
  const x = g.input('x', 'float32', ['n', 2]);
  const product = g.node('Gemm', [x, g.weight('w')], { attributes: { transB: 1 }, floats: { alpha: 2 } });
  const sum = g.node('Add', [product, g.weight('row')]);
  const scaled = g.node('Mul', [sum, g.scalar(0.5)]);
  g.node('ReduceSum', [scaled, g.constant([1])], { attributes: { keepdims: 0 } }, 'y');
  g.output('y', 'float32', ['n']);
  const session = await load(g.encode(), tensors);
  const feeds = { x: new ort.Tensor('float32', Float32Array.of(1, 0, 0, 1), [2, 2]) };
  const { y } = await session.run(feeds);
  // [1 3], [2 4]; doubled; plus [3 4]; halved; summed.
  expect([...(y.data as Float32Array)]).toEqual([7.5, 9.5]);
  await session.release();
});

test('FastGelu is the tanh form, to float32’s last digits', async () => {
  const g = new GraphBuilder('g', layOut('w.bin', []));
  g.node('FastGelu', [g.input('x', 'float32', ['n'])], { domain: CONTRIB }, 'y');
  g.output('y', 'float32', ['n']);
  const session = await load(g.encode());
  const x = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 250);
  const y = (await session.run({ x: new ort.Tensor('float32', x, [x.length]) })).y.data as Float32Array;
  x.forEach((v, i) => {
    const exact = 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
    expect(Math.abs(y[i] - exact)).toBeLessThan(1e-6);
  });
  await session.release();
});

/** Stand-ins for the weights a step graph names, all zero. */
function zeroWeights(model: { layers: number; width: number; inner: number; order: number }): Tensor[] {
  const { layers, width, inner, order } = model;
  const channels = (order + 1) * width;
  const mixers = (order - 1) * layers;
  const tensor = (name: string, ...dims: number[]): Tensor => ({
    name,
    dims,
    data: new Float32Array(dims.reduce((a, b) => a * b, 1)),
  });
  const norm = (name: string): Tensor[] => [tensor(`${name}.weight`, width), tensor(`${name}.bias`, width)];
  const linear = (name: string, i: number, o: number): Tensor[] => [
    tensor(`${name}.weight`, i, o),
    tensor(`${name}.bias`, o),
  ];
  return [
    tensor('embeddings', 5, width),
    ...norm('norm_f'),
    tensor('short.past', layers, 1, 2, channels),
    tensor('short.bias', layers, 1, channels),
    ...Array.from({ length: mixers }, (_, m) => tensor(`mixers.${m}.rho0`, width)),
    ...Array.from({ length: layers }, (_, l) => [
      ...norm(`layers.${l}.norm1`),
      ...norm(`layers.${l}.norm2`),
      ...linear(`layers.${l}.in_proj`, width, channels),
      tensor(`layers.${l}.short.now`, channels),
      ...linear(`layers.${l}.out_proj`, width, width),
      ...linear(`layers.${l}.fc1`, width, inner),
      ...linear(`layers.${l}.fc2`, inner, width),
    ]).flat(),
  ];
}

test.each([
  [1, 2],
  [3, 2],
  [2, 3],
])('a step graph of %i layers of order %i loads and runs', async (layers, order) => {
  const model = { order, layers, width: 4, inner: 6, vocabulary: 5, context: 16, normEps: 1e-5 };
  const weights = zeroWeights(model);
  const session = await load(stepGraph(model, true, layOut('w.bin', weights)), weights);
  const mixers = layers * (order - 1);
  const zeros = (...dims: number[]): ort.Tensor =>
    new ort.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
  const out = await session.run({
    token: new ort.Tensor('int64', BigInt64Array.of(1n, 2n), [1, 2]),
    pending: zeros(mixers, 2, 4),
    state: zeros(layers, 2, 2, (order + 1) * 4),
  });
  expect(out.logits.dims).toEqual([1, 2, 5]);
  expect(out.y.dims).toEqual([mixers, 2, 4]);
  expect(out.state_out.dims).toEqual([layers, 2, 2, (order + 1) * 4]);
  await session.release();
});

test.each([2, 3, 4])('a block graph of order %i hands out its inner gates', async (order) => {
  const model = { order, layers: 1, width: 4, inner: 6, vocabulary: 5, context: 16, normEps: 1e-5 };
  const names = ['short.past1', 'short.past2', 'short.bias'].map((name) => `layers.0.${name}`);
  const data = new Float32Array((order + 1) * 4);
  const weights = [...zeroWeights(model), ...names.map((name) => ({ name, dims: [data.length], data }))];
  const session = await load(blockGraph(model, 0, layOut('w.bin', weights)), weights);
  const inner = session.outputNames.filter((name) => name.startsWith('inner_'));
  expect(inner).toEqual(Array.from({ length: order - 2 }, (_, k) => `inner_${k + 1}`));
  await session.release();
});
