/**
 * Writes a bundle of random weights whose filters depend on the data, after `npm run build`: a byte tokenizer, 2 layers of 64
 * channels, a context of 64K, or as many as are given.
 *
 *     node scripts/measure/random-data-dependent.js OUT [LAYERS [WIDTH [CONTEXT]]]
 */
import { writeModel } from '../../dist/index.js';

const [out, layers = '2', channels = '64', context = '65536'] = process.argv.slice(2);
if (out === undefined) {
  throw new Error('usage: node scripts/measure/random-data-dependent.js OUT [LAYERS [WIDTH [CONTEXT]]]');
}
const width = Number(channels);
const inner = 4 * width;
const vocabulary = 256;

let seed = 1;
function uniform() {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 31 - 1;
}
const values = new Map();
const add = (name, size, value) => values.set(name, () => Float32Array.from({ length: size }, value));
const matrix = (name, inputs, outputs) =>
  add(`${name}.weight`, inputs * outputs, () => uniform() * (3 / inputs) ** 0.5);
const bias = (name, size) => add(`${name}.bias`, size, () => 0.1 * uniform());
const norm = (name) => {
  add(`${name}.weight`, width, () => 1);
  add(`${name}.bias`, width, () => 0);
};
add('embeddings', vocabulary * width, uniform);
norm('norm_f');
for (const name of ['short.past2', 'short.past1', 'short.bias']) {
  add(name, layers * 4 * width, () => 0.3 * uniform());
}
for (let l = 0; l < layers; l++) {
  const layer = `layers.${l}`;
  norm(`${layer}.norm1`);
  norm(`${layer}.norm2`);
  matrix(`${layer}.in_proj`, width, 4 * width);
  bias(`${layer}.in_proj`, 4 * width);
  add(`${layer}.short.now`, 4 * width, () => 1 + 0.3 * uniform());
  // Windows from a few positions to a few thousand.
  add(`${layer}.window`, width, (_, c) => Math.exp(-0.3 * 10 ** ((-3 * c) / width)));
  matrix(`${layer}.out_proj`, width, width);
  bias(`${layer}.out_proj`, width);
  matrix(`${layer}.fc1`, width, inner);
  bias(`${layer}.fc1`, inner);
  matrix(`${layer}.fc2`, inner, width);
  bias(`${layer}.fc2`, width);
}

const epsilon = 1e-5;
await writeModel(out, {
  name: 'random-data-dependent',
  model: {
    width,
    vocabulary,
    context: Number(context),
    layers: Array.from({ length: Number(layers) }, () => ({
      mixer: { kind: 'data-dependent' },
      norm: { kind: 'layer', epsilon },
      mlp: { kind: 'gelu', inner },
    })),
    norm: { kind: 'layer', epsilon },
  },
  tokenizer: { kind: 'bytes' },
  provenance: { weights: 'random' },
  headed: false,
  values,
});
