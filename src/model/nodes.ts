import {
  type BundleConfig,
  hyenaDimensions,
  makeGraph,
  type ModelDimensions,
  modelTensors,
  storedTensors,
} from '../bundle/index.js';
import { hyenaModel } from '../hyena/index.js';
import { filtersOf, stateOf } from '../layers/index.js';
import { elements, type TensorPlace, type TensorTable } from '../onnx/index.js';
import { RecurrentPass } from './recurrent-pass.js';
import { DenseStepper } from './dense-stepper.js';
import type { StepWeights } from './dense-weights.js';
import { loadGraph, type Source } from './session.js';
import { StepState } from './state.js';
import { Stepper } from './stepper.js';
import type { Steps } from './steps.js';

/** Channels of the least model of all widths of weights: a block. */
const NARROW = 64;

/**
 * Times of steps of a model like this one on the CPU, ms each, but so narrow that all it takes is calls and going from one
 * operation to the next.
 */
export async function timeNodes(
  { model, filter, weights }: BundleConfig,
  headed: boolean,
  steps: number,
): Promise<Float64Array> {
  const narrow = narrowed(model);
  const config = { model: narrow, ...(filter && { filter }) };
  const tensors = new Map<string, TensorPlace>();
  for (const [name, stored] of storedTensors(modelTensors(config, headed), weights?.bits)) {
    const bytes = elements(stored.dims) * (stored.dtype === 'F32' ? 4 : 1);
    tensors.set(name, { ...stored, file: name, offset: 0, bytes });
  }
  const read = (name: string, row?: number): Uint8Array => {
    const { bytes, dims } = tensors.get(name)!;
    return new Uint8Array(row === undefined ? bytes : bytes / dims[0]);
  };
  const narrowSteps = await narrowStep(config, {
    directory: undefined,
    file: '',
    tensors,
    read,
    values: (name, row) => new Float32Array(read(name, row).buffer),
    inFile: () => tensors,
  });
  try {
    const times = new Float64Array(steps);
    for (let n = -20; n < steps; n++) {
      const began = performance.now();
      await narrowSteps.step();
      if (n >= 0) times[n] = performance.now() - began;
    }
    return times;
  } finally {
    await narrowSteps.close();
  }
}

/** A model of as many layers of the same kinds. */
function narrowed(model: ModelDimensions): ModelDimensions {
  if (filtersOf(model.layers) === 'implicit') {
    return hyenaModel({ ...hyenaDimensions(model), width: NARROW, inner: NARROW, vocabulary: NARROW });
  }
  const layers = model.layers.map(({ mixer, mlp, ...rest }) => ({
    ...rest,
    mixer: mixer.kind === 'attention' ? { ...mixer, heads: 1 } : mixer,
    mlp: { ...mlp, inner: NARROW },
  }));
  return { ...model, layers, width: NARROW, vocabulary: NARROW };
}

/** One token after another, always the same, by what the model's own steps go by. */
async function narrowStep(
  config: Pick<BundleConfig, 'model' | 'filter'>,
  weights: Source['weights'] & StepWeights,
): Promise<{ step(): Promise<unknown>; close(): Promise<void> }> {
  const { model } = config;
  const filters = filtersOf(model.layers);
  if (filters === 'implicit') return stepping(await DenseStepper.load(weights, model, 1));
  const make = (table: TensorTable): Uint8Array => makeGraph(config, 'step', table, { fused: true });
  const settings = { device: 'cpu', threads: 1, prepack: true, spin: false } as const;
  const graph = await loadGraph({ label: 'a narrow step graph', weights, make }, settings);
  if (filters === 'data-dependent') return stepping(new Stepper(graph, model, false));
  const pass = new RecurrentPass(graph.runtime, model, new Float32Array(NARROW / 2));
  const state = new StepState(stateOf(model.layers, NARROW), 1, 0, NARROW);
  const logits = new Float32Array(NARROW);
  const step = async (): Promise<void> => {
    await pass.run(graph, state, { ids: [0], lane: 0, lanes: 1 }, { logits });
    state.advance();
  };
  return { step, close: () => graph.session.release() };
}

function stepping(steps: Steps): { step(): Promise<unknown>; close(): Promise<void> } {
  const state = steps.start(1, false);
  return { step: () => steps.step(state, 0), close: () => steps.close() };
}
