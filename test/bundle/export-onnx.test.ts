/** A bundle's graphs as files: what other programs load is what runs here, but for how kernels round. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { exportOnnx } from '../../src/bundle/export-onnx.js';
import { openBundle } from '../../src/bundle/index.js';
import { openModel } from '../../src/model/index.js';
import { randomIds, relL2, removeTemporary, temporaryDirectory, tinyBundle } from '../support/tiny-model.js';

ort.env.logLevel = 'fatal';
afterAll(removeTemporary);

const V = 40;
const D = 32;

test('step.onnx, loaded by its path, gives what a step here does', async () => {
  const bundle = await tinyBundle('log');
  const directory = join(temporaryDirectory(), 'onnx');
  expect(exportOnnx(bundle, directory).graphs).toBe(6);
  const session = await ort.InferenceSession.create(join(directory, 'step.onnx'), { logSeverityLevel: 4 });
  const model = await openModel(bundle);
  const state = model.start();
  const zeros = (...dims: number[]): ort.Tensor =>
    new ort.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b)), dims);
  let past: [ort.Tensor, ort.Tensor] = [zeros(2, 1, 3 * D), zeros(2, 1, 3 * D)];
  for (const [t, id] of randomIds(4, V).entries()) {
    const pending = Float32Array.from({ length: 2 * D }, (_, i) => Math.sin(i + t));
    const out = await session.run({
      token: new ort.Tensor('int64', BigInt64Array.of(BigInt(id)), [1, 1]),
      pending: new ort.Tensor('float32', pending, [2, 1, D]),
      short_1: past[0],
      short_2: past[1],
    });
    past = [out['short_0'], past[0]];
    state.pending.set(pending);
    const { logits, y } = await model.step(state, id);
    expect(relL2(logits, out['logits'].data as Float32Array)).toBeLessThan(2e-6);
    expect(relL2(y, out['y'].data as Float32Array)).toBeLessThan(2e-6);
  }
  await Promise.all([session.release(), model.close()]);
});

test('all of them load, and the directory is the bundle still', async () => {
  const bundle = await tinyBundle('linear');
  const directory = join(temporaryDirectory(), 'onnx');
  exportOnnx(bundle, directory);
  const graphs = readdirSync(directory).filter((file) => file.endsWith('.onnx'));
  expect(graphs.sort()).toEqual(
    ['block0', 'block1', 'block2', 'filter', 'head', 'step'].map((name) => `${name}.onnx`),
  );
  for (const graph of graphs) {
    const session = await ort.InferenceSession.create(join(directory, graph), { logSeverityLevel: 4 });
    expect(session.outputNames.length).toBeGreaterThan(0);
    await session.release();
  }
  const opened = [openBundle(directory), openBundle(bundle)];
  expect(opened[0].id).toBe(opened[1].id);
  for (const each of opened) each.close();
});
