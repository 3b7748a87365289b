/** Checkpoints of random weights, as the training script writes them: for models of any size, made on the spot. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Random values that all tensors are cut from; a prime, so that no two rows of a matrix are alike. */
const POOL = 1_048_573;

/**
 * Writes `config.json` and `model.safetensors` into a new folder, holding one tensor at a time.
 *
 * @param model `{ layers, width, inner, vocabulary, context }`
 */
export function writeRandomCheckpoint(folder, model) {
  const filter = { features: 17, filter_width: 64, shift: 0, time: 'log' };
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ name: `random-${model.layers}x${model.width}`, model: { ...model, ...filter } }),
  );
  const tensors = tensorsOf(model, filter);
  let end = 0;
  const header = {};
  for (const { name, shape } of tensors) {
    const start = end;
    end += 4 * elements(shape);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(join(folder, 'model.safetensors'), 'wx');
  try {
    for (const bytes of [length, text]) writeSync(file, bytes);
    for (const { shape, make } of tensors) {
      const { buffer } = make(elements(shape));
      for (let done = 0; done < buffer.byteLength;) done += writeSync(file, new Uint8Array(buffer, done));
    }
  } finally {
    closeSync(file);
  }
}

const elements = (shape) => shape.reduce((product, dim) => product * dim, 1);

function tensorsOf({ layers, width, inner, vocabulary, context }, { features, filter_width: hidden }) {
  const noise = randomNoise();
  const constant = (value) => (count) => new Float32Array(count).fill(value);
  const tensors = [];
  const add = (name, shape, make) => tensors.push({ name, shape, make });
  const linear = (name, outputs, inputs) => {
    add(`${name}.weight`, [outputs, inputs], noise(inputs ** -0.5));
    add(`${name}.bias`, [outputs], noise(0.1));
  };
  const norm = (name) => {
    add(`${name}.weight`, [width], constant(1));
    add(`${name}.bias`, [width], constant(0));
  };
  /** Decays whose time constants are 2 to 2,048 positions, evenly in log time. */
  const deltas = (count) =>
    Float32Array.from({ length: count }, (_, c) => (context - 1) / 2 ** (1 + (10 * c) / (count - 1)));
  add('backbone.embeddings.word_embeddings.weight', [vocabulary, width], noise(0.3));
  norm('backbone.ln_f');
  for (let l = 0; l < layers; l++) {
    const layer = `backbone.layers.${l}.`;
    const filter = `${layer}mixer.filter_fn.`;
    norm(`${layer}norm1`);
    norm(`${layer}norm2`);
    linear(`${layer}mixer.in_proj`, 3 * width, width);
    linear(`${layer}mixer.out_proj`, width, width);
    linear(`${layer}mlp.fc1`, inner, width);
    linear(`${layer}mlp.fc2`, width, inner);
    add(`${layer}mixer.short_filter.weight`, [3 * width, 1, 3], noise(0.5));
    add(`${layer}mixer.short_filter.bias`, [3 * width], noise(0.1));
    linear(`${filter}implicit_filter.0`, hidden, features);
    linear(`${filter}implicit_filter.2`, hidden, hidden);
    linear(`${filter}implicit_filter.4`, hidden, hidden);
    add(`${filter}implicit_filter.6.weight`, [width, hidden], noise(0.02));
    add(`${filter}implicit_filter.1.freq`, [1, hidden], constant(10));
    add(`${filter}bias`, [width], noise(1));
    add(`${filter}modulation.deltas`, [1, 1, width], deltas);
  }
  return tensors;
}

/** Makes makers of normally distributed values, by their deviation; the same ones in each run. */
function randomNoise() {
  let seed = 1;
  const uniform = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed + 0.5) / 2 ** 32;
  };
  const pool = Float32Array.from(
    { length: POOL },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
  let at = 0;
  return (deviation) => (count) => {
    const values = new Float32Array(count);
    at = (at * 7 + 12_345) % POOL;
    for (let done = 0, start = at; done < count; start = 0) {
      const part = pool.subarray(start, start + count - done);
      values.set(part, done);
      done += part.length;
    }
    return values.map((value) => value * deviation);
  };
}
