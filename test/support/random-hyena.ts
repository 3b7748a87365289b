/** Models of any size in weights without pattern. */
import { join } from 'node:path';
import { type Bundle, type HyenaDimensions, openBundle } from '../../src/bundle/index.js';
import { writeBundle } from '../../src/bundle/write.js';
import type { HyenaWeights, Linear, Norm, Values } from '../../src/hyena/weights.js';
import { temporaryDirectory } from './tiny-model.js';

const HIDDEN = 64;
export const FEATURES = 17;

/** Numbers without pattern, of the scale of weights with `inputs` inputs. */
export function noise(count: number, inputs: number, seed = 1): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => ((((i + seed) * 0.6180339887) % 1) * 2 - 1) / Math.sqrt(inputs),
  );
}

const values =
  (array: Float32Array): Values =>
  () =>
    array;

function randomWeights({ order, layers, width, inner, vocabulary }: HyenaDimensions): HyenaWeights {
  const linear = (outputs: number, inputs: number, seed: number): Linear => ({
    weight: values(noise(outputs * inputs, inputs, seed)),
    bias: values(noise(outputs, 4, seed)),
  });
  const norm: Norm = { weight: values(new Float32Array(width).fill(1)), bias: values(noise(width, 4)) };
  const layer = (l: number): HyenaWeights['layers'][number] => ({
    norm1: norm,
    inProj: linear((order + 1) * width, width, 10 * l + 1),
    short: linear((order + 1) * width, 3, 10 * l + 2),
    filter: {
      bias: values(noise((order - 1) * width, 1)),
      hidden: [linear(HIDDEN, FEATURES, 1), linear(HIDDEN, HIDDEN, 1), linear(HIDDEN, HIDDEN, 1)] as const,
      last: values(noise((order - 1) * width * HIDDEN, HIDDEN)),
      frequency: values(new Float32Array(HIDDEN).fill(10)),
      deltas: values(Float32Array.from({ length: (order - 1) * width }, (_, c) => 10 + c)),
    },
    outProj: linear(width, width, 10 * l + 3),
    norm2: norm,
    fc1: linear(inner, width, 10 * l + 4),
    fc2: linear(width, inner, 10 * l + 5),
  });
  return {
    embeddings: values(noise(vocabulary * width, 4)),
    layers: Array.from({ length: layers }, (_, l) => layer(l)),
    normF: norm,
  };
}

/** An open bundle of such a model, in a temporary folder. */
export async function randomHyena(model: HyenaDimensions, bits?: 8 | 4): Promise<Bundle> {
  const directory = join(temporaryDirectory(), 'bundle');
  await writeBundle(directory, {
    name: 'random',
    model,
    filter: { features: FEATURES, hidden: HIDDEN, shift: 0, time: 'log' },
    tokenizer: { kind: 'bytes' },
    provenance: {},
    weights: randomWeights(model),
    ...(bits && { bits }),
  });
  return openBundle(directory);
}
