import {
  type BundleConfig,
  hyenaDimensions,
  makeGraph,
  modelTensors,
  storedTensors,
} from '../bundle/index.js';
import { hyenaModel } from '../hyena/index.js';
import { elements, type TensorPlace, type TensorTable } from '../onnx/index.js';
import { createSession, loadRuntime } from './session.js';
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
  const dimensions = { ...hyenaDimensions(model), width: NARROW, inner: NARROW, vocabulary: NARROW };
  const narrow = hyenaModel(dimensions);
  const narrowed = { model: narrow, ...(filter && { filter }) };
  const tensors = new Map<string, TensorPlace>();
  for (const [name, stored] of storedTensors(modelTensors(narrowed, headed), weights?.bits)) {
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
    make: (table: TensorTable) => makeGraph(narrowed, 'step', table, { fused: true }),
  };
  const settings = { device: 'cpu', threads: 1, prepack: true, spin: false } as const;
  const session = await createSession(runtime, source, settings);
  const stepper = new Stepper(runtime, { label: source.label, session, device: 'cpu' }, narrow, false);
  try {
    const state = stepper.start(1, false);
    const times = new Float64Array(steps);
    for (let n = -20; n < steps; n++) {
      const began = performance.now();
      await stepper.step(state, 0);
      if (n >= 0) times[n] = performance.now() - began;
    }
    return times;
  } finally {
    await stepper.close();
  }
}
