import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundleCheckpoint,
  readHyena,
  SafetensorsFile,
  type TensorSource,
} from '../../src/checkpoint/index.js';
import { BundleError } from '../../src/format/errors.js';
import { refused } from '../support/golden.js';
import { GOLDEN, removeTemporary, temporaryDirectory, tinyCheckpoint } from '../support/tiny-model.js';

afterAll(removeTemporary);

const model = {
  order: 2,
  layers: 2,
  width: 32,
  inner: 48,
  vocabulary: 40,
  context: 4096,
  normEps: 1e-5,
};
const filter = { features: 9, hidden: 16, shift: 0.05, time: 'log' } as const;

interface Stored {
  shape: readonly number[];
  data: Float32Array;
}

/** The tiny checkpoint in memory, to be changed. */
function tiny(change: (tensors: Map<string, Stored>) => void = () => {}): TensorSource {
  const file = SafetensorsFile.open(join(GOLDEN, 'tiny', 'model.safetensors'));
  const stored = new Map(
    [...file.tensors].map(([name, { shape }]) => [name, { shape, data: file.read(name) }]),
  );
  file.close();
  change(stored);
  return {
    file: 'memory',
    tensors: new Map([...stored].map(([name, { shape }]) => [name, { dtype: 'F32', shape }])),
    read: (name) => stored.get(name)!.data,
  };
}

/** Reads every value: what is not finite shows only then. */
function readAll(weights: object): void {
  for (const part of Object.values(weights) as unknown[]) {
    if (typeof part === 'function') (part as () => unknown)();
    else if (typeof part === 'object' && part !== null) readAll(part);
  }
}

const FREQ = 'backbone.layers.0.mixer.filter_fn.implicit_filter.1.freq';
const EMBEDDINGS = 'backbone.embeddings.word_embeddings.weight';

test('reads every weight', () => {
  const weights = readHyena(tiny(), model, filter);
  expect(weights.head).toBeUndefined();
  expect(weights.layers).toHaveLength(2);
  expect(weights.layers[1].short.weight()).toHaveLength(3 * 32 * 3);
  expect(weights.layers[1].filter.hidden[0].weight()).toHaveLength(16 * 9);
});

test('aliases of the frequencies may be there', () => {
  const source = tiny((t) => t.set(FREQ.replace('.1.', '.3.'), t.get(FREQ)!));
  expect(readHyena(source, model, filter).layers[0].filter.frequency()).toHaveLength(16);
});

test('padding rows are cut off', () => {
  const whole = readHyena(tiny(), model, filter).embeddings();
  const cut = readHyena(tiny(), { ...model, vocabulary: 37 }, filter).embeddings();
  expect(cut).toEqual(whole.subarray(0, 37 * 32));
});

test('a head of its own is read', () => {
  const source = tiny((t) =>
    t.set('lm_head.weight', { shape: [40, 32], data: new Float32Array(1280).fill(2) }),
  );
  expect(readHyena(source, model, filter).head!()).toEqual(new Float32Array(1280).fill(2));
});

test.each<[string, (tensors: Map<string, Stored>) => void, RegExp]>([
  ['a missing tensor', (t) => t.delete('backbone.ln_f.bias'), /backbone\.ln_f\.bias: .*got none/],
  [
    'a tensor left over',
    (t) => t.set('backbone.extra', t.get(FREQ)!),
    /backbone\.extra: expected no such tensor/,
  ],
  ['a third layer', (t) => t.set('backbone.layers.2.norm1.bias', t.get(FREQ)!), /layers\.2\.norm1/],
  ['a wrong shape', (t) => t.set(FREQ, { shape: [16], data: t.get(FREQ)!.data }), /\[1, 16\], got \[16\]/],
  [
    'too small a vocabulary',
    (t) => (t.get(EMBEDDINGS)!.shape = [39, 32]),
    /at least 40, 32\], got \[39, 32\]/,
  ],
  ['NaN', (t) => (t.get(EMBEDDINGS)!.data[7] = NaN), /finite numbers, got NaN at 7/],
  ['infinity', (t) => (t.get(FREQ)!.data[0] = -Infinity), /got -Infinity at 0/],
  [
    'aliases that disagree',
    (t) => t.set(FREQ.replace('.1.', '.5.'), { shape: [1, 16], data: new Float32Array(16) }),
    /5\.freq: expected the values of/,
  ],
])('refuses %s', (_, change, message) => {
  const read = (): void => readAll(readHyena(tiny(change), model, filter));
  expect(read).toThrow(BundleError);
  expect(read).toThrow(message);
});

test.each<[string, (directory: string) => void, RegExp]>([
  ['no config', (d) => rmSync(join(d, 'config.json')), /config\.json/],
  ['no weights', (d) => rmSync(join(d, 'model.safetensors')), /model\.safetensors: .*nothing there/],
  [
    'a config that is no JSON',
    (d) => writeFileSync(join(d, 'config.json'), 'model:'),
    /config\.json: character/,
  ],
])('a checkpoint with %s is refused', async (_, damage, message) => {
  const directory = tinyCheckpoint('log');
  damage(directory);
  await refused(bundleCheckpoint(directory, join(temporaryDirectory(), 'bundle')), message);
});

test.each<[string, (model: Record<string, unknown>) => void, RegExp]>([
  ['width', (m) => (m.width = 33), /word_embeddings|norm1/],
  ['layers', (m) => (m.layers = 3), /layers\.2/],
  ['balanced', (m) => (m.balanced = true), /model\.balanced/],
  ['time', (m) => delete m.time, /model\.time/],
])('a config that disagrees about %s is refused', async (_, change, message) => {
  const bundle = join(temporaryDirectory(), 'bundle');
  await refused(bundleCheckpoint(tinyCheckpoint('log', change), bundle), message);
});

test('the weights of a bundle are those of the checkpoint', async () => {
  const directory = join(temporaryDirectory(), 'bundle');
  await bundleCheckpoint(tinyCheckpoint('log'), directory);
  const stored = SafetensorsFile.open(join(directory, 'weights.safetensors'));
  expect(stored.read('embeddings')).toEqual(readHyena(tiny(), model, filter).embeddings());
  stored.close();
});
