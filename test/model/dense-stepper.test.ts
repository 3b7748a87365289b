/** Steps in our own kernels against the step graph, which ONNX Runtime runs. */
import type { Bundle, HyenaDimensions } from '../../src/bundle/index.js';
import { DenseStepper } from '../../src/model/dense-stepper.js';
import { type StepWeights } from '../../src/model/dense-weights.js';
import { loadGraph } from '../../src/model/session.js';
import { sourceOf } from '../../src/model/source.js';
import { Stepper } from '../../src/model/stepper.js';
import type { Steps } from '../../src/model/steps.js';
import { noise, randomHyena } from '../support/random-hyena.js';
import { relL2, removeTemporary } from '../support/tiny-model.js';

const bundles: Bundle[] = [];
afterAll(() => {
  for (const bundle of bundles) bundle.close();
  removeTemporary();
});

async function bundleOf(model: HyenaDimensions, bits?: 8 | 4): Promise<Bundle> {
  const bundle = await randomHyena(model, bits);
  bundles.push(bundle);
  return bundle;
}

const SMALL = { layers: 2, width: 32, inner: 40, vocabulary: 50, context: 64, normEps: 1e-5 } as const;

/** What some steps of some lanes give: logits, convolutions' inputs, what the head reads, and the state after them. */
async function results(steps: Steps, lanes: number): Promise<Float32Array[][]> {
  const state = steps.start(lanes, true);
  const all = [];
  for (let t = 0; t < 4; t++) {
    state.pending.set(noise(state.pending.length, 4, t));
    const { logits, y, hidden } = await steps.step(
      state,
      Array.from({ length: lanes }, (_, lane) => (7 * lane + t) % 16),
    );
    all.push([logits, y, hidden!, ...state.arrays].map((values) => values.slice()));
  }
  return all;
}

async function onGraph({ config, ...bundle }: Bundle, lanes: number): Promise<Float32Array[][]> {
  const settings = { device: 'cpu', threads: 1, prepack: true, spin: false } as const;
  const stepper = new Stepper(
    await loadGraph(sourceOf({ config, ...bundle }, 'step'), settings),
    config.model,
    true,
  );
  const all = await results(stepper, lanes);
  await stepper.close();
  return all;
}

async function inKernels(weights: StepWeights, { config }: Bundle, lanes: number): Promise<Float32Array[][]> {
  const stepper = await DenseStepper.load(weights, config.model, 1);
  const all = await results(stepper, lanes);
  await stepper.close();
  return all;
}

function compare(got: Float32Array[][], wanted: Float32Array[][], most: number): void {
  for (const [t, values] of wanted.entries()) {
    // What is zero has no relative distance: the past of the first steps.
    const zero = (each: Float32Array): boolean => each.every((value) => value === 0);
    const off = values.map((each, k) => (zero(each) && zero(got[t][k]) ? 0 : relL2(got[t][k], each)));
    expect(off.map((each) => each < most)).toEqual(off.map(() => true));
  }
}

test.each<[string, HyenaDimensions, number]>([
  ['of order 2', { ...SMALL, order: 2 }, 1],
  ['of order 4, three lanes', { ...SMALL, order: 4 }, 3],
  [
    'of widths that are no multiple of anything',
    { ...SMALL, order: 3, width: 22, inner: 37, vocabulary: 17 },
    5,
  ],
  ['whose gates end where rows do', { ...SMALL, order: 15, width: 6 }, 2],
  ...(['relu', 'gelu', 'silu', 'sigmoid', 'tanh'] as const).map(
    (activation): [string, HyenaDimensions, number] => [
      `with ${activation}`,
      { ...SMALL, order: 2, activation },
      1,
    ],
  ),
])('a model %s', async (_, model, lanes) => {
  const bundle = await bundleOf(model);
  compare(await inKernels(bundle.weights, bundle, lanes), await onGraph(bundle, lanes), 2e-6);
});

const NARROW = { ...SMALL, order: 2, width: 64, inner: 96, vocabulary: 70 };

/** The same weights in float32. */
function dequantised({ weights }: Bundle): StepWeights {
  const tensors = new Map(
    [...weights.tensors]
      .filter(([name]) => !name.endsWith('.scales'))
      .map(([name, { packing, dims, ...place }]) => {
        if (packing === undefined) return [name, { ...place, dims }];
        const [outputs, blocks] = dims;
        const inputs = blocks * packing.block;
        const byOutput = name === 'embeddings' || name === 'head';
        return [name, { ...place, dtype: 'F32', dims: byOutput ? [outputs, inputs] : [inputs, outputs] }];
      }),
  ) as StepWeights['tensors'];
  const values: StepWeights['values'] = (name, row) => {
    const all = weights.values(name);
    if (row === undefined) return all;
    const size = all.length / tensors.get(name)!.dims[0];
    return all.slice(row * size, (row + 1) * size);
  };
  const read: StepWeights['read'] = (name, row) => new Uint8Array(values(name, row).buffer);
  return { tensors, values, read };
}

test('of 8 bits, as of the numbers that these stand for', async () => {
  const bundle = await bundleOf(NARROW, 8);
  const exact = await inKernels(dequantised(bundle), bundle, 2);
  compare(await inKernels(bundle.weights, bundle, 2), exact, 1e-4);
  // Graphs round rows to 8 bits.
  compare(await onGraph(bundle, 2), exact, 0.1);
});

test('of 4 bits, as graphs, which round rows too', async () => {
  const bundle = await bundleOf(NARROW, 4);
  const got = await inKernels(bundle.weights, bundle, 2);
  compare(got, await onGraph(bundle, 2), 0.1);
  compare(got, await inKernels(dequantised(bundle), bundle, 2), 0.1);
});
