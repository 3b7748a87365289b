/** Graphs of the builder's, in ONNX Runtime. */
import * as ort from 'onnxruntime-node';
import { CONTRIB, GraphBuilder } from '../../src/onnx/graph.js';
import { elements, type TensorTable } from '../../src/onnx/tensors.js';

ort.env.logLevel = 'fatal';

interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}
type Tensors = Readonly<Record<string, Tensor>>;

/** Each tensor in a file of its own name. */
function tableOf(tensors: Tensors): TensorTable {
  return new Map(
    Object.entries(tensors).map(([name, { dims }]) => [
      name,
      { dtype: 'F32', dims, file: name, offset: 0, bytes: 4 * elements(dims) },
    ]),
  );
}

function load(graph: Uint8Array, tensors: Tensors = {}): Promise<ort.InferenceSession> {
  const externalData = Object.entries(tensors).map(([path, { data }]) => ({
    path,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  return ort.InferenceSession.create(graph, { logSeverityLevel: 4, externalData });
}

test('weights, rows of them, constants, scalars and attributes arrive', async () => {
  // Not at the beginning of their memory: only these bytes may be taken.
  const memory = Float32Array.of(-1, -1, 1, 2, 3, 4);
  const tensors = { w: { dims: [2, 2], data: memory.subarray(2) } };
  const g = new GraphBuilder('g', tableOf(tensors));
  const x = g.input('x', 'float32', ['n', 2]);
  const product = g.node('Gemm', [x, g.weight('w')], { attributes: { transB: 1 }, floats: { alpha: 2 } });
  const sum = g.node('Add', [product, g.weight('w', 1)]);
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

test('what is not there is refused', () => {
  const g = new GraphBuilder('g', tableOf({ w: { dims: [2, 2], data: new Float32Array(4) } }));
  expect(() => g.weight('c')).toThrow('no weight is named c');
  expect(() => g.weight('w', 2)).toThrow('no row 2');
});

test('FastGelu is the tanh form, to float32’s last digits', async () => {
  const g = new GraphBuilder('g', new Map());
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
