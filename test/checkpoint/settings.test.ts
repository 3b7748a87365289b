/** What a checkpoint's config.json says, right and wrong. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeTemporary } from '../support/tiny-model.js';
import { asSafetensors, golden, imported, refused } from '../support/golden.js';

afterAll(removeTemporary);

/** The golden Hugging Face checkpoint with a config beside it. */
function withConfig(config: unknown, name = 'huggingface'): string {
  const file = asSafetensors(golden(name).tensors);
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  writeFileSync(join(dirname(file), 'config.json'), text);
  return file;
}

const FLAT = {
  model_type: 'hyenadna',
  d_model: 8,
  n_layer: 2,
  d_inner: 12,
  max_seq_len: 48,
  vocab_size: 12,
  emb_dim: 5,
};

test('Hugging Face’s, on one level', async () => {
  const config = { ...FLAT, hyena_order: 2, filter_order: 8, layer_norm_epsilon: 1e-6, train_freq: true };
  expect((await imported(withConfig(config))).config.model.norm.epsilon).toBe(1e-6);
});

test('safari’s, the operator’s settings inside', async () => {
  const config = {
    d_model: 8,
    n_layer: 2,
    d_inner: null,
    layer: { _name_: 'hyena', l_max: 48, order: 2, filter_order: 8, emb_dim: 5, modulate: false, shift: 0.5 },
  };
  const { filter, model } = (await imported(withConfig(config, 'safari-plain'))).config;
  expect(filter).toMatchObject({ modulate: false, shift: 0.5 });
  expect(model.context).toBe(48);
});

test('a longer context in the config than positions in the file is said', async () => {
  const { config, notes } = await imported(withConfig({ ...FLAT, max_seq_len: 50 }));
  expect(config.model.context).toBe(48);
  expect(notes).toContain('context 48, not the 50 of max_seq_len');
});

test.each<[string, unknown, RegExp]>([
  ['no JSON', 'd_model: 8', /config\.json: character 0/],
  ['nothing', '', /config\.json: character 0/],
  ['a list', [], /an object/],
  ['another width', { ...FLAT, d_model: 16 }, /d_model: expected 8, as the tensors say, got 16/],
  ['another depth', { ...FLAT, n_layer: 3 }, /n_layer: expected 2/],
  ['another order', { ...FLAT, hyena_order: 3 }, /hyena_order: expected 2/],
  ['another MLP', { layer: { filter_order: 64 } }, /layer\.filter_order: expected 8/],
  ['a larger vocabulary', { ...FLAT, vocab_size: 17 }, /vocab_size: expected 16/],
  ['a negative size', { ...FLAT, d_model: -8 }, /d_model: expected an integer from 1/],
  ['a huge size', '{"d_model": 1e300}', /d_model: expected an integer/],
  ['NaN', '{"d_model": NaN}', /character 12/],
  ['1e400', '{"layer_norm_epsilon": 1e400}', /held exactly/],
  ['a fraction', { ...FLAT, n_layer: 2.5 }, /n_layer/],
  ['a size in words', { ...FLAT, d_model: 'eight' }, /d_model: .*got "eight"/],
  ['a duplicate key', '{"d_model": 8, "d_model": 8}', /each key once/],
  ['both directions', { ...FLAT, bidirectional: true }, /bidirectional: expected false/],
  ['a longer short filter', { ...FLAT, short_filter_order: 4 }, /short_filter_order: expected 3/],
  ['a deeper filter MLP', { ...FLAT, num_inner_mlps: 4 }, /num_inner_mlps: expected 2/],
  [
    'an activation that nobody knows',
    { layer: { activation: 'modrelu' } },
    /layer\.activation: expected id, .* got "modrelu"/,
  ],
  [
    'outer mixing',
    { layer: { outer_mixing: true } },
    /layer\.outer_mixing: expected false, all this program knows, got true/,
  ],
  ['heads', { num_heads: 2 }, /num_heads: expected 1/],
  ['a window that is no switch', { ...FLAT, modulate: 1 }, /modulate: expected true or false/],
])('refuses %s', async (_, config, message) => {
  await refused(imported(withConfig(config)), message);
});

test('refuses normalised filters above order 2', async () => {
  const file = withConfig({ layer: { normalized: true } }, 'order3-stacked');
  await refused(imported(file), /layer\.normalized: expected false above order 2/);
});

test.each<[string, (tensors: ReturnType<typeof golden>['tensors']) => void, RegExp]>([
  [
    'no embeddings',
    (t) => t.delete('hyena.backbone.embeddings.word_embeddings.weight'),
    /a Hyena language model/,
  ],
  [
    'two models',
    (t) => [...t].forEach(([name, stored]) => t.set(name.replace('hyena.', 'ema.'), stored)),
    /one model, or its prefix with --stem, got hyena\.backbone\. and ema\.backbone\./,
  ],
  [
    'a tensor too many',
    (t) => t.set('hyena.backbone.layers.0.extra', t.get('lm_head.weight')!),
    /no such tensor/,
  ],
  [
    'a layer missing',
    (t) => t.delete('hyena.backbone.layers.1.norm1.weight'),
    /layers\.1\.norm1\.weight: .*got none/,
  ],
  ['NaN', (t) => (t.get('hyena.backbone.layers.1.norm1.weight')!.data[3] = NaN), /got NaN at 3/],
  ['infinity', (t) => (t.get('hyena.backbone.ln_f.bias')!.data[0] = Infinity), /got Infinity at 0/],
  [
    'one row of projections',
    (t) =>
      t.set('hyena.backbone.layers.0.mixer.in_proj.weight', { shape: [1, 8], data: new Float32Array(8) }),
    /3 or more times 8 rows, got 1/,
  ],
  [
    'an even number of features',
    (t) =>
      t.set('hyena.backbone.layers.0.mixer.filter_fn.implicit_filter.0.weight', {
        shape: [8, 4],
        data: new Float32Array(32),
      }),
    /an odd number/,
  ],
  [
    'no positions and no context',
    (t) =>
      [0, 1].forEach((l) =>
        ['z', 't'].forEach((p) => t.delete(`hyena.backbone.layers.${l}.mixer.filter_fn.pos_emb.${p}`)),
      ),
    /the context/,
  ],
])('refuses a checkpoint with %s', async (_, change, message) => {
  const { tensors } = golden('huggingface');
  change(tensors);
  await refused(imported(asSafetensors(tensors)), message);
});

test('directories without a checkpoint, or with two, are refused', async () => {
  const file = asSafetensors(golden('huggingface').tensors);
  const empty = join(dirname(file), 'empty');
  mkdirSync(empty);
  await refused(imported(empty), /a checkpoint directory .* got none of these/);
  writeFileSync(join(dirname(file), 'other.safetensors'), 'x');
  await refused(imported(dirname(file)), /one checkpoint, got other\.safetensors, weights\.safetensors/);
  await refused(imported(join(empty, 'none')), /nothing there/);
});
