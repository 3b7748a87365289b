/** Checkpoints of StripedHyena that are not what they seem end in one line; those that are, in a bundle. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findModel } from '../../src/checkpoint/find.js';
import { importCheckpoint, openCheckpoint, SafetensorsFile } from '../../src/checkpoint/index.js';
import { describeWithData } from '../support/data.js';
import { asSafetensors } from '../support/golden.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { type Code, code, pickle, zip } from '../support/torch-writer.js';

afterAll(removeTemporary);

/** A model as wide as Evo 2 1B, with traces of 8-bit floats: every tensor is one value over and over. */
function trainedInEightBits(): string {
  const storage = code.storage('FloatStorage', '0', 1);
  const tensors = Object.entries({
    'embedding_layer.weight': [512, 1920],
    'norm.scale': [1920],
    'blocks.0.pre_norm.scale': [1920],
    'blocks.0.post_norm.scale': [1920],
    'blocks.0.mlp.l1.weight': [64, 1920],
    'blocks.0.mlp.l2.weight': [64, 1920],
    'blocks.0.mlp.l3.weight': [1920, 64],
    'blocks.0.projections.weight': [5760, 1920],
    'blocks.0.out_filter_dense.weight': [1920, 1920],
    'blocks.0.out_filter_dense.bias': [1920],
    'blocks.0.filter.short_filter_weight': [5760, 1, 3],
    'blocks.0.filter.h': [128, 1, 7],
  }).map(([name, shape]): [Code, Code] => [
    code.text(name),
    code.tensor(
      storage,
      0,
      shape,
      shape.map(() => 0),
    ),
  ]);
  const state = pickle(code.dict(...tensors, [code.text('blocks.0.projections._extra_state'), code.none]));
  const file = join(temporaryDirectory(), 'evo2_1b_base.pt');
  writeFileSync(
    file,
    zip(
      new Map([
        ['a/data.pkl', state],
        ['a/data/0', Buffer.alloc(4)],
      ]),
    ),
  );
  return file;
}

test('a model that means nothing without 8-bit floats is refused by name, or read with a loud note', async () => {
  const file = trainedInEightBits();
  await expect(importCheckpoint(file, join(temporaryDirectory(), 'bundle'))).rejects.toThrow(
    'blocks.0.projections._extra_state: expected a model that runs without FP8 (Evo 2 7B, or NVIDIA’s bf16 1B), or --without-fp8, got Evo 2 1B',
  );
  const checkpoint = openCheckpoint(file);
  const found = findModel(checkpoint);
  const notes: string[] = [];
  found.architecture.read(found, { checkpoint, chosen: { withoutFp8: true }, leftOut: [], notes });
  expect(notes[0]).toMatch(/^WITHOUT FP8: Evo 2 1B .* this bundle is not the model$/);
  checkpoint.close();
});

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>;

describeWithData('striped-hyena', (directory) => {
  const tensorsOf = (name: string): Tensors => {
    const file = SafetensorsFile.open(join(directory, `${name}.safetensors`));
    const tensors: Tensors = new Map();
    for (const [tensor, { shape }] of file.tensors) tensors.set(tensor, { shape, data: file.read(tensor) });
    file.close();
    return tensors;
  };
  const importing = (tensors: Tensors, options = {}): ReturnType<typeof importCheckpoint> =>
    importCheckpoint(asSafetensors(tensors), join(temporaryDirectory(), 'bundle'), options);
  const without = (tensors: Tensors, part: string): void => {
    for (const name of tensors.keys()) if (name.includes(part)) tensors.delete(name);
  };
  const zeros = (...shape: number[]): { shape: number[]; data: Float32Array } => ({
    shape,
    data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)),
  });

  test.each<[string, 'evo1' | 'evo2', (tensors: Tensors) => void, string]>([
    [
      'a layer is missing',
      'evo2',
      (t) => without(t, 'blocks.1.'),
      'blocks.1.mlp.l1.weight: expected a tensor of 2 dimensions, got none',
    ],
    [
      'a layer has no mixer',
      'evo2',
      (t) => without(t, 'blocks.1.filter.h'),
      'blocks.1: expected one of a filter’s taps (h), its poles (poles or log_poles), and attention (Wqkv), got none',
    ],
    [
      'a layer has two mixers',
      'evo2',
      (t) => t.set('blocks.2.filter.h', zeros(4, 1, 7)),
      'got blocks.2.filter.h and blocks.2.filter.log_poles',
    ],
    [
      'a matrix is of another shape',
      'evo1',
      (t) => t.set('backbone.blocks.0.mlp.l2.weight', zeros(47, 32)),
      'backbone.blocks.0.mlp.l2.weight: expected [48, 32], got [47, 32]',
    ],
    [
      'a bias is missing',
      'evo1',
      (t) => without(t, 'blocks.1.projections.bias'),
      'backbone.blocks.1.projections.bias: expected a tensor [96], got none',
    ],
    [
      'a tensor is too many',
      'evo2',
      (t) => t.set('blocks.0.filter.bias', zeros(32)),
      'blocks.0.filter.bias: expected no such tensor, got one',
    ],
    [
      'groups are not the channels’',
      'evo2',
      (t) => t.set('blocks.0.filter.h', zeros(5, 1, 7)),
      'blocks.0.filter.h: expected groups of the 32 channels, got 5',
    ],
    [
      'heads are not the channels’',
      'evo2',
      (t) => t.set('blocks.3.inner_mha_cls.rotary_emb.inv_freq', zeros(5)),
      'rotary_emb.inv_freq: expected half of a divisor of 32, got [5]',
    ],
    [
      'a pole grows',
      'evo2',
      (t) => t.get('blocks.2.filter.log_poles')!.data.fill(0.5),
      'blocks.2.filter.log_poles: expected numbers of at most 0, got 0.5',
    ],
    [
      'a value is none',
      'evo2',
      (t) => t.get('blocks.0.filter.h')!.data.fill(NaN),
      'blocks.0.filter.h: expected finite numbers, got NaN at 0',
    ],
  ])('%s', async (_, name, change, message) => {
    const tensors = tensorsOf(`${name}-tiny`);
    change(tensors);
    await expect(importing(tensors)).rejects.toThrow(message);
  });

  test('a setting that means nothing for these models is refused', async () => {
    await expect(importing(tensorsOf('evo2-tiny'), { shift: 0.5 })).rejects.toThrow(
      'shift means nothing for a StripedHyena model',
    );
  });

  test('what positions are divided by: by hand, by the lags in the file, or assumed, and said', async () => {
    const tensors = tensorsOf('evo2-tiny');
    const plain = await importing(tensors);
    expect(plain.notes).toEqual([
      'positions divided by 1 for rotations, assumed; --rope-scale says otherwise',
    ]);
    expect(plain.config.model.context).toBe(8192);
    expect((await importing(tensors, { ropeScale: 4 })).notes).toEqual([]);
    tensors.set('blocks.2.mixer.mixer.filter.t', zeros(1, 1, 262_144));
    const hinted = await importing(tensors);
    expect(hinted.notes).toEqual([
      'positions divided by 32 for rotations, as it has 262144 lags; --rope-scale says otherwise',
    ]);
    expect(hinted.config.model.context).toBe(262_144);
  });

  test('both containers of one model make one bundle', async () => {
    const configs = [];
    for (const file of readdirSync(directory).filter((name) => /^evo2-tiny\.(pt|safetensors)$/.test(name))) {
      configs.push(
        await importCheckpoint(join(directory, file), join(temporaryDirectory(), 'bundle'), { ropeScale: 4 }),
      );
    }
    expect(configs.map(({ config }) => config.id)).toEqual([configs[0].config.id, configs[0].config.id]);
  });
});
