/** Every way of naming and every kind of model, against PyTorch on the same random weights. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  exportBundle,
  SafetensorsFile,
  writeSafetensors,
  type Imported,
  type ImportOptions,
} from '../../src/checkpoint/index.js';
import { openBundle } from '../../src/bundle/bundle.js';
import { computeActivations } from '../../src/evaluation/activations.js';
import { type BundleConfig } from '../../src/bundle/index.js';
import { openModel, type LanguageModel } from '../../src/model/index.js';
import {
  GOLDEN,
  NaiveMixer,
  relL2,
  removeTemporary,
  stepThrough,
  temporaryDirectory,
} from '../support/tiny-model.js';
import { asSafetensors, asTorch, contents, golden, imported } from '../support/golden.js';
import { code, torchFile, type Stored } from '../support/torch-writer.js';

afterAll(removeTemporary);

const GATE = 1e-5;

/** What is not told by the tensors, or by the conventions of their names. */
const OPTIONS: Readonly<Record<string, ImportOptions>> = {
  'safari-plain': { modulate: false, context: 48 },
};
/** What a config.json says under `layer`. */
const SETTINGS: Readonly<Record<string, object>> = {
  normalized: { normalized: true },
  'no-skip': { bias: false },
  activation: { activation: 'gelu' },
};
const optionsOf = (name: string): ImportOptions => {
  if (SETTINGS[name] === undefined) return { name, ...OPTIONS[name] };
  const config = join(temporaryDirectory(), 'config.json');
  writeFileSync(config, JSON.stringify({ layer: SETTINGS[name] }));
  return { name, config };
};
const CHECKPOINTS = readdirSync(join(GOLDEN, 'import')).map((file) => file.replace('.safetensors', ''));

async function withModel<T>(bundle: string, use: (model: LanguageModel) => Promise<T>): Promise<T> {
  const model = await openModel(bundle, { device: 'cpu' });
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

describe.each(CHECKPOINTS)('%s', (name) => {
  const expected = golden(name);
  let bundle: string;
  beforeAll(async () => {
    ({ bundle } = await imported(asSafetensors(expected.tensors), optionsOf(name)));
  });

  test.each([['all at once', {}] as const, ['token by token', { stepwise: 'tiled' }] as const])(
    'logits and hidden states %s',
    async (_, options) => {
      const got = await withModel(bundle, (model) => computeActivations(model, expected.ids, options));
      expect(relL2(got.logits, expected.logits)).toBeLessThan(GATE);
      expect(relL2(got.hidden, expected.hidden)).toBeLessThan(GATE);
    },
  );

  test.each([1, 2, 17, 47])('a prompt of %i, then steps', async (split) => {
    const rest = expected.ids.slice(split);
    await withModel(bundle, async (model) => {
      const { width, vocabulary } = model.config.model;
      const taps: Float32Array[] = [];
      const pending: Float32Array[] = [];
      const { state } = await model.prefill(expected.ids.slice(0, split), rest.length, {
        onConvolution: (convolution, start) => {
          pending[convolution] = start.pending.slice();
        },
      });
      for (let m = 0; m < model.convolutions; m++) taps.push(await model.taps(m, rest.length));
      expect(taps).toHaveLength(model.convolutions);
      const logits = await stepThrough(model, rest, new NaiveMixer(width, taps, pending), state);
      expect(relL2(logits, expected.logits.subarray(split * vocabulary))).toBeLessThan(GATE);
    });
  });

  test('the same bundle from a torch file, as Lightning saves it', async () => {
    const file = asTorch(expected.tensors, (v) => code.dict([code.text('state_dict'), v]));
    const other = await imported(file, optionsOf(name));
    expect(contents(other.bundle)).toEqual(contents(bundle));
  });
});

test('HyenaDNA as a torch file and as Hugging Face has it: the same weights, each with its names', async () => {
  const { tensors } = golden('huggingface');
  const standalone = new Map(
    [...tensors].flatMap(([name, stored]): [string, Stored][] => {
      const own = name.replace('hyena.', '');
      // Its shared frequencies have three names.
      return own.endsWith('.1.freq')
        ? [1, 3, 5].map((i) => [own.replace('.1.freq', `.${i}.freq`), stored])
        : [[own, stored]];
    }),
  );
  const directory = temporaryDirectory();
  const files = [join(directory, 'model.safetensors'), join(directory, 'pytorch_model.bin')];
  writeSafetensors(files[0], Object.fromEntries(tensors));
  writeFileSync(files[1], torchFile(standalone));
  const [port, original] = [await imported(files[0]), await imported(files[1])];
  const weights = ({ bundle }: { bundle: string }): string => openBundle(bundle).id;
  expect(weights(original)).toBe(weights(port));
  expect(port).toMatchObject({ file: files[0], container: 'safetensors', dialect: 'Hugging Face' });
  expect(original).toMatchObject({ file: files[1], container: 'torch', dialect: 'safari / standalone' });

  const out = join(directory, 'out.safetensors');
  for (const [bundle, wanted, stem] of [
    [port.bundle, tensors],
    [original.bundle, standalone],
    [port.bundle, new Map([...standalone].filter(([name]) => !/[35]\.freq/.test(name))), 'backbone.'],
  ] as const) {
    exportBundle(bundle, out, stem);
    expect([...SafetensorsFile.open(out).tensors.keys()].sort()).toEqual([...wanted.keys()].sort());
  }
});

describe('what is inferred', () => {
  const config = async (name: string, options?: ImportOptions): Promise<BundleConfig> =>
    (await imported(asSafetensors(golden(name).tensors), { ...OPTIONS[name], ...options })).config;

  test('the family, and with it shift and tokenizer', async () => {
    expect(await config('standalone')).toMatchObject({
      filter: { shift: 0.05 },
      tokenizer: { kind: 'characters' },
    });
    expect(await config('lightning')).toMatchObject({ filter: { shift: 0 }, tokenizer: { kind: 'ids' } });
    expect((await config('lightning', { family: 'hyenadna' })).filter!.shift).toBe(0.05);
    expect((await config('standalone', { family: 'safari', shift: 0.25 })).filter!.shift).toBe(0.25);
  });

  test('positions that rounding explains are computed, others kept', async () => {
    expect((await config('safari')).filter!.positions).toBeUndefined();
    expect((await config('trained')).filter!.positions).toBe('stored');
  });

  test('a stored head that is the embeddings is not held twice', async () => {
    const { tensors } = golden('huggingface');
    const tied = await imported(asSafetensors(tensors));
    tensors.get('lm_head.weight')!.data[0] += 1;
    const apart = await imported(asSafetensors(tensors));
    const bytes = ({ config: { files } }: Imported): number => files['weights.safetensors'].bytes;
    // The values, and their entry in the header.
    expect(bytes(apart)).toBeGreaterThanOrEqual(bytes(tied) + 16 * 8 * 4);
    expect(bytes(apart)).toBeLessThan(bytes(tied) + 16 * 8 * 4 + 200);
  });

  test('the names are kept', async () => {
    expect((await config('lightning')).names).toEqual({
      stem: 'model.backbone.',
      head: 'model.lm_head.weight',
      wrapped: { mixer: true, mlp: true },
      layout: 'interleaved',
      positions: true,
    });
  });
});

test('the wrong layout, window or gate of order 3 is another model', async () => {
  const expected = golden('order3-interleaved');
  for (const options of [{ layout: 'stacked' }, { modulate: false }, { shift: 0.05 }] as const) {
    const { bundle } = await imported(asSafetensors(expected.tensors), options);
    const got = await withModel(bundle, (model) => computeActivations(model, expected.ids));
    expect(relL2(got.logits, expected.logits)).toBeGreaterThan(100 * GATE);
  }
});
