/** What training programs put around the weights, beside them and into their names: the weights come out the same. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openBundle } from '../../src/bundle/bundle.js';
import { exportBundle, SafetensorsFile } from '../../src/checkpoint/index.js';
import { asSafetensors, asTorch, golden, imported, refused } from '../support/golden.js';
import { FOREIGN, PROOF } from '../support/foreign.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import {
  code,
  legacyFile,
  pickle,
  rowMajor,
  stateDict,
  torchFile,
  zip,
  type Code,
  type Stored,
} from '../support/torch-writer.js';

afterAll(removeTemporary);

const { tensors } = golden('huggingface');
const HUGGING_FACE = 'hyena.backbone.';
const OPTIONS = { name: 'model', family: 'hyenadna' } as const;

const idOf = async (file: string, options = {}): Promise<string> =>
  openBundle((await imported(file, { ...OPTIONS, ...options })).bundle).id;
let plain: string;
beforeAll(async () => {
  plain = await idOf(asSafetensors(tensors));
});

const renamed = (change: (name: string) => string): Map<string, Stored> =>
  new Map([...tensors].map(([name, stored]) => [change(name), stored]));
const saved = (content: Uint8Array, name = 'weights.pt'): string => {
  const file = join(temporaryDirectory(), name);
  writeFileSync(file, content);
  return file;
};
const named = (name: string, value: Code): Code => code.dict([code.text(name), value]);

const global = code.global;
describe.each(Object.entries(FOREIGN))('%s beside the weights', (_, object) => {
  const wrap = (value: Code): Code =>
    code.dict([code.text('before'), object], [code.text('model'), value], [code.text('after'), object]);

  test('is passed over', async () => {
    expect(await idOf(saved(torchFile(tensors, wrap)))).toBe(plain);
    expect(existsSync(PROOF)).toBe(false);
  });

  test('and before PyTorch 1.6', async () => {
    expect(await idOf(saved(legacyFile(tensors, wrap)))).toBe(plain);
  });
});

test.each<[string, (value: Code) => Code]>([
  [
    'PyTorch’s tutorial',
    (v) => code.dict([code.text('epoch'), code.int(1)], [code.text('model_state_dict'), v]),
  ],
  ['DeepSpeed', (v) => named('module', v)],
  ['levels of dictionaries', (v) => named('a', named('b', code.list(named('c', v))))],
  ['a number', (v) => code.dict([code.int(0), v])],
  ['a tuple', (v) => code.tuple(v, code.none)],
  ['an object', (v) => code.object('tool', 'State', named('weights', v))],
  [
    'a dictionary of a kind of its own',
    (v) => Buffer.concat([code.raw('ctool\nDict\n)\x81X\x01\x00\x00\x00m'), v, code.raw('s')]),
  ],
])('within %s, the dictionary is found', async (_, wrap) => {
  expect(await idOf(asTorch(tensors, wrap))).toBe(plain);
});

test('a whole module is its state_dict', async () => {
  const module = (parameters: Code, modules: Code): Code =>
    code.object(
      'tool',
      'Module',
      code.dict([code.text('_parameters'), parameters], [code.text('_modules'), modules]),
    );
  interface Tree {
    readonly tensors: Map<string, Code>;
    readonly modules: Map<string, Tree>;
  }
  const tree = (): Tree => ({ tensors: new Map(), modules: new Map() });
  const root = tree();
  const entries = new Map<string, Buffer>();
  for (const [key, [name, { shape, data }]] of [...tensors].entries()) {
    const path = name.split('.');
    let at = root;
    for (const part of path.slice(0, -1)) {
      const inner = at.modules.get(part) ?? tree();
      at.modules.set(part, inner);
      at = inner;
    }
    entries.set(`x/data/${key}`, Buffer.from(data.slice().buffer));
    const storage = code.storage('FloatStorage', String(key), data.length);
    at.tensors.set(path[path.length - 1], code.tensor(storage, 0, shape, rowMajor(shape)));
  }
  const encode = (node: Tree): Code =>
    module(
      code.dict(...[...node.tensors].map(([name, tensor]): [Code, Code] => [code.text(name), tensor])),
      code.orderedDict(
        ...[...node.modules].map(([name, inner]): [Code, Code] => [code.text(name), encode(inner)]),
      ),
    );
  const file = saved(zip(new Map([['x/data.pkl', pickle(named('model', encode(root)))], ...entries])));
  expect(await idOf(file)).toBe(plain);
});

const WRAPPED: Readonly<Record<string, (name: string) => string>> = {
  DataParallel: (name) => `module.${name}`,
  'compile within DataParallel': (name) => `module._orig_mod.${name}`,
  'Lightning within DeepSpeed': (name) => `_forward_module.model.${name}`,
  'FSDP of layers': (name) =>
    name.replace(/layers\.\d/, (layer) => `_fsdp_wrapped_module.${layer}._fsdp_wrapped_module`),
  'compile of one layer': (name) => name.replace('layers.1.', 'layers.1._orig_mod.'),
  'checkpointing of mixers': (name) => name.replace('mixer.', 'mixer._checkpoint_wrapped_module.'),
  'a model of one’s own': (name) => `net.encoder.${name}`,
  'the backbone alone': (name) => name.replace(HUGGING_FACE, ''),
  CLMBR: (name) => `model.${name}`,
};

describe.each(Object.entries(WRAPPED))('names of %s', (_, change) => {
  test('do not matter, and come back', async () => {
    const given = renamed(change);
    const { bundle } = await imported(asTorch(given), OPTIONS);
    expect(openBundle(bundle).id).toBe(plain);
    const out = join(temporaryDirectory(), 'out.safetensors');
    exportBundle(bundle, out);
    const back = SafetensorsFile.open(out);
    expect([...back.tensors.keys()].sort()).toEqual([...given.keys()].sort());
    for (const [name, { shape, data }] of given) {
      expect(back.tensors.get(name)!.shape).toEqual(shape);
      if (!name.includes('pos_emb')) expect(back.read(name)).toEqual(data);
    }
    back.close();
  });
});

test('the frequency’s other names come back', async () => {
  const given = new Map(tensors);
  for (const [name, stored] of tensors) {
    for (const i of [3, 5]) {
      if (name.endsWith('.1.freq')) given.set(name.replace('.1.freq', `.${i}.freq`), stored);
    }
  }
  const out = join(temporaryDirectory(), 'out.safetensors');
  exportBundle((await imported(asTorch(given), OPTIONS)).bundle, out);
  expect([...SafetensorsFile.open(out).tensors.keys()].sort()).toEqual([...given.keys()].sort());
});

describe('several models in one file', () => {
  const both = new Map([
    ...renamed((name) => `model.${name}`),
    ...[...tensors].map(([name, { shape, data }]): [string, Stored] => [
      `ema_model.${name}`,
      { shape, data: data.map((value) => value * 0.5) },
    ]),
  ]);
  const inTwo = (): string => {
    const { value, entries } = stateDict(tensors);
    const wrapped = code.dict([code.text('state_dict'), value], [code.text('ema_state_dict'), value]);
    const all = new Map([['x/data.pkl', pickle(wrapped)]]);
    for (const [name, content] of entries) all.set(`x/${name}`, content);
    return saved(zip(all));
  };

  test('are named, with the option that chooses', async () => {
    const message = /prefix with --stem, got model\.hyena\.backbone\. and ema_model\.hyena\.backbone\./;
    await refused(imported(asTorch(both)), message);
    await refused(
      imported(inTwo()),
      /got state_dict\.hyena\.backbone\. and ema_state_dict\.hyena\.backbone\./,
    );
  });

  test.each(['model.hyena.backbone.', 'model.hyena.backbone'])('--stem %s chooses', async (stem) => {
    const { bundle, notes } = await imported(asTorch(both), { ...OPTIONS, stem });
    expect(openBundle(bundle).id).toBe(plain);
    expect(notes.join()).toMatch(/left out: ema_model\.… \(\d+ tensors\)/);
  });

  test('so do the keys that lead to it', async () => {
    const { bundle, notes } = await imported(inTwo(), { ...OPTIONS, stem: 'state_dict.hyena.backbone' });
    expect(openBundle(bundle).id).toBe(plain);
    expect(notes).toContain('left out: ema_state_dict');
  });

  test('one that is not there is refused', async () => {
    await refused(imported(asTorch(both), { stem: 'x.backbone.' }), /a model under x\.backbone\. \(--stem\)/);
  });
});

describe('what is left out', () => {
  const EXTRA: Stored = { shape: [2], data: new Float32Array(2) };

  test('is listed', async () => {
    const given = new Map([...tensors, ['train_metrics.count', EXTRA], ['fine_tuning_head.weight', EXTRA]]);
    const { notes, warnings } = await imported(asTorch(given), OPTIONS);
    expect(notes).toContain('left out: train_metrics.count, fine_tuning_head.weight');
    expect(warnings).toEqual([]);
  });

  test('a head that was trained instead of the language model’s is a warning', async () => {
    const given = new Map([...tensors, ['score.weight', EXTRA]]);
    given.delete('lm_head.weight');
    expect((await imported(asTorch(given), OPTIONS)).warnings.join()).toMatch(/no head of a language model/);
  });

  test('a bias of the language model’s head is not', async () => {
    await refused(
      imported(asTorch(new Map([...tensors, ['lm_head.bias', EXTRA]]))),
      /lm_head\.bias: expected no such/,
    );
  });
});

describe('storages', () => {
  /** All tensors in one pickle, each made by `tensor` of its place in the one storage `0`. */
  const inOne = (tensor: (at: number, stored: Stored, storage: Code) => Code): string => {
    const total = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
    const all = new Float32Array(total);
    let at = 0;
    const pairs = [...tensors].map(([name, stored]): [Code, Code] => {
      all.set(stored.data, at);
      const value = tensor(at, stored, code.storage('FloatStorage', '0', total));
      at += stored.data.length;
      return [code.text(name), value];
    });
    const entries = { 'x/data.pkl': pickle(code.dict(...pairs)), 'x/data/0': Buffer.from(all.buffer) };
    return saved(zip(new Map(Object.entries(entries))));
  };

  test('one for all tensors', async () => {
    expect(
      await idOf(inOne((at, { shape }, storage) => code.tensor(storage, at, shape, rowMajor(shape)))),
    ).toBe(plain);
  });

  test('without checksums', async () => {
    expect(await idOf(saved(torchFile(tensors, undefined, { unsummed: true })))).toBe(plain);
  });

  test('parameters with attributes, and tensors with them', async () => {
    const file = inOne((at, { shape }, storage) => {
      const tensor = code.tensor(storage, at, shape, rowMajor(shape));
      const state = named('_optim', named('lr', code.int(1)));
      if (at % 2 === 0) {
        const rebuild = global('torch._utils', '_rebuild_parameter_with_state');
        return code.call(rebuild, tensor, code.true, code.call(global('collections', 'OrderedDict')), state);
      }
      const args = code.tuple(
        storage,
        code.int(at),
        code.tuple(...shape.map(code.int)),
        code.tuple(...rowMajor(shape).map(code.int)),
        code.false,
        code.call(global('collections', 'OrderedDict')),
      );
      const rebuild = global('torch._utils', '_rebuild_tensor_v2');
      return code.call(
        global('torch._tensor', '_rebuild_from_type_v2'),
        rebuild,
        global('torch', 'Tensor'),
        args,
        state,
      );
    });
    expect(await idOf(file)).toBe(plain);
  });

  test('a frequency that is one number, expanded', async () => {
    const freq = (name: string): boolean => name.endsWith('.freq');
    const ones = new Map(
      [...tensors].map(([name, t]) => [name, freq(name) ? { ...t, data: t.data.map(() => 3) } : t]),
    );
    const wanted = await idOf(asSafetensors(ones));
    const { entries } = stateDict(ones);
    const pairs = [...ones].map(([name, { shape, data }], key): [Code, Code] => {
      const storage = code.storage('FloatStorage', String(key), data.length);
      const strides = freq(name) ? shape.map(() => 0) : rowMajor(shape);
      return [code.text(name), code.tensor(storage, 0, shape, strides)];
    });
    const all = new Map([['x/data.pkl', pickle(code.dict(...pairs))]]);
    for (const [name, content] of entries) all.set(`x/${name}`, content);
    expect(await idOf(saved(zip(all)))).toBe(wanted);
  });
});

describe('folders', () => {
  const folder = (files: Readonly<Record<string, string | Uint8Array>>): string => {
    const directory = temporaryDirectory();
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), content);
    }
    return directory;
  };

  test('shards of PyTorch’s', async () => {
    const half = [...tensors].map((entry, i) => [i % 2, entry] as const);
    const parts = [0, 1].map((n) => new Map(half.filter(([i]) => i === n).map(([, entry]) => entry)));
    const map = parts.flatMap((part, n) => [...part.keys()].map((name) => [name, `part-${n}.bin`]));
    const directory = folder({
      'pytorch_model.bin.index.json': JSON.stringify({ weight_map: Object.fromEntries(map) as object }),
      'part-0.bin': torchFile(parts[0]),
      'part-1.bin': torchFile(parts[1]),
    });
    expect(await idOf(directory)).toBe(plain);
  });

  test('with an optimizer and the like beside the weights', async () => {
    const other = torchFile(new Map());
    const names = [
      'optimizer.pt',
      'scheduler.pt',
      'rng_state.pth',
      'training_args.bin',
      'zero_pp_rank_0_optim_states.pt',
    ];
    const beside = Object.fromEntries(names.map((name) => [name, other]));
    expect(await idOf(folder({ ...beside, 'mp_rank_00_model_states.pt': torchFile(tensors) }))).toBe(plain);
  });

  test('of the Hugging Face cache: the current snapshot, under the model’s name', async () => {
    const at = 'models--Org--dna-tiny';
    const model = torchFile(tensors);
    const directory = folder({
      [`${at}/refs/main`]: 'b'.repeat(40),
      [`${at}/snapshots/${'a'.repeat(40)}/pytorch_model.bin`]: 'old',
      [`${at}/snapshots/${'b'.repeat(40)}/pytorch_model.bin`]: model,
    });
    expect((await imported(join(directory, at))).config.name).toBe('dna-tiny');
    expect((await imported(join(directory, at, 'snapshots', 'b'.repeat(40)))).config.name).toBe('dna-tiny');
    const two = folder({ [`${at}/snapshots/a/model.pt`]: model, [`${at}/snapshots/b/model.pt`]: model });
    await refused(imported(join(two, at)), /one snapshot, got a, b/);
  });
});

describe('what a training program kept of its settings', () => {
  const layer = (...pairs: [Code, Code][]): Code => named('model', named('layer', code.dict(...pairs)));
  const float = (value: number): Code => {
    const out = Buffer.alloc(9, 'G');
    out.writeDoubleBE(value, 1);
    return out;
  };
  const shift = (value: Code): [Code, Code] => [code.text('shift'), value];
  /** OmegaConf's trees: a leaf, a dictionary. */
  const leaf = (value: Code): Code => code.object('omegaconf.nodes', 'AnyNode', named('_val', value));
  const conf = (...pairs: [Code, Code][]): Code =>
    code.object('omegaconf.dictconfig', 'DictConfig', named('_content', code.dict(...pairs)));
  const lightning = (parameters: Code): string =>
    asTorch(
      renamed((name) => name.replace('hyena.', 'model.').replace(/^lm_head/, 'model.lm_head')),
      (value) => code.dict([code.text('state_dict'), value], [code.text('hyper_parameters'), parameters]),
    );

  test.each([
    ['a dictionary', layer(shift(float(0.25)))],
    ['a namespace', code.object('argparse', 'Namespace', layer(shift(float(0.25))))],
    ['OmegaConf', conf([code.text('model'), conf([code.text('layer'), conf(shift(leaf(float(0.25))))])])],
    [
      'a reference',
      code.dict(
        [code.text('model'), named('layer', code.dict(shift(code.text('${top.shift}'))))],
        [code.text('top'), named('shift', float(0.25))],
      ),
    ],
  ])('in %s: the shift', async (_, parameters) => {
    const { config, notes } = await imported(lightning(parameters));
    expect(config.filter!.shift).toBe(0.25);
    expect(notes).toContain('shift 0.25, of hyper_parameters.model.layer.shift');
    expect((await imported(lightning(parameters), { shift: 0.5 })).config.filter!.shift).toBe(0.5);
  });

  test('what cannot be read there is not what the model is made of', async () => {
    const parameters = layer(shift(code.text('a lot')), [code.text('order'), code.text('${nothing.there}')]);
    expect((await imported(lightning(parameters))).config.filter!.shift).toBe(0.05);
  });

  test('a setting that changes the model is refused there, too', async () => {
    const file = lightning(layer([code.text('outer_mixing'), code.true]));
    await refused(imported(file), /hyper_parameters\.model\.layer\.outer_mixing: expected false/);
  });
});
