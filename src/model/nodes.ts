import {
  type BundleConfig,
  hyenaDimensions,
  makeGraph,
  type ModelDimensions,
  modelTensors,
  storedTensors,
} from '../bundle/index.js';
import { hyenaModel } from '../hyena/index.js';
import { convolutions, filtersOf, stateOf } from '../layers/index.js';
import { elements, type TensorPlace, type TensorTable } from '../onnx/index.js';
import { RecurrentPass } from './recurrent-pass.js';
import type { Graph } from './run.js';
import { createSession, loadRuntime, type Runtime } from './session.js';
import { StepState } from './state.js';
import { Stepper } from './stepper.js';

/** Channels of the least model of all widths of weights: a block. */
const NARROW = 64;

/**
 * Times of steps of a model like this one, ms each, but so narrow that all it takes is calling ONNX Runtime and going from node
 * to node.
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
  const runtime = await loadRuntime();
  const source = {
    label: 'a narrow step graph',
    weights: {
      directory: undefined,
      file: '',
      tensors,
      read: (name: string) => new Uint8Array(tensors.get(name)!.bytes),
      inFile: () => tensors,
    },
    make: (table: TensorTable) => makeGraph(config, 'step', table, { fused: true }),
  };
  const settings = { device: 'cpu', threads: 1, prepack: true, spin: false } as const;
  const session = await createSession(runtime, source, settings);
  const graph = { label: source.label, session, device: 'cpu' } as const;
  try {
    const step = stepOf(runtime, graph, narrow);
    const times = new Float64Array(steps);
    for (let n = -20; n < steps; n++) {
      const began = performance.now();
      await step();
      if (n >= 0) times[n] = performance.now() - began;
    }
    return times;
  } finally {
    await session.release();
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

/** One token after another, always the same. */
function stepOf(runtime: Runtime, graph: Graph, model: ModelDimensions): () => Promise<unknown> {
  if (convolutions(model.layers) > 0) {
    const stepper = new Stepper(runtime, graph, model, false);
    const state = stepper.start(1, false);
    return () => stepper.step(state, 0);
  }
  const pass = new RecurrentPass(runtime, model, new Float32Array(NARROW / 2));
  const state = new StepState(stateOf(model.layers, NARROW), 1, 0, NARROW);
  const logits = new Float32Array(NARROW);
  return async () => {
    await pass.run(graph, state, { ids: [0], lane: 0, lanes: 1 }, { logits });
    state.advance();
  };
}
