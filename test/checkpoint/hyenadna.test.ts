/** A real checkpoint against the forward pass of the program it was made for. */
import { hyenaModel } from '../../src/hyena/dimensions.js';
import { join } from 'node:path';
import {
  exportBundle,
  openCheckpoint,
  SafetensorsFile,
  type ImportOptions,
} from '../../src/checkpoint/index.js';
import { computeActivations, type Activations } from '../../src/evaluation/activations.js';
import { load } from '../../src/generation/load.js';
import { relL2, removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { describeWithData } from '../support/data.js';
import { contents, imported } from '../support/golden.js';

afterAll(removeTemporary);

const GATE = 1e-5;

describeWithData('hyenadna', (directory) => {
  let expected: Activations & { ids: number[] };

  beforeAll(() => {
    const file = SafetensorsFile.open(join(directory, 'reference.safetensors'));
    expected = {
      ids: [...file.readFloat64('input_ids')],
      logits: file.read('tied_logits'),
      hidden: file.read('last_hidden_state'),
    };
    file.close();
  });

  const bundleOf = async (file: string, options?: ImportOptions): Promise<string> =>
    (await imported(join(directory, file), options)).bundle;

  /** Relative errors of logits and hidden states, both ways of computing. */
  const errors = async (bundle: string): Promise<number[]> => {
    const { model } = await load(bundle, { device: 'cpu' });
    const results = [
      await computeActivations(model, expected.ids),
      await computeActivations(model, expected.ids, { stepwise: 'tiled' }),
    ];
    await model.close();
    return results.flatMap(({ logits, hidden }) => [
      relL2(logits, expected.logits),
      relL2(hidden, expected.hidden),
    ]);
  };

  test('prefilled and token by token, the reference’s logits and hidden states', async () => {
    for (const error of await errors(await bundleOf('model.safetensors'))) expect(error).toBeLessThan(GATE);
  });

  test('the torch file gives the same bundle', async () => {
    const [a, b] = [await bundleOf('model.safetensors'), await bundleOf('model.pt')];
    // Their tensors have other names, which a bundle keeps.
    const { 'config.json': ours, ...own } = contents(a);
    const { 'config.json': theirs, ...other } = contents(b);
    expect(other).toEqual(own);
    expect(theirs).not.toBe(ours);
    for (const error of await errors(b)) expect(error).toBeLessThan(GATE);
  });

  test('not with another shift', async () => {
    const bundle = await bundleOf('model.safetensors', { shift: 0 });
    for (const error of await errors(bundle)) expect(error).toBeGreaterThan(100 * GATE);
  });

  test('each file’s names come back', async () => {
    for (const name of ['model.safetensors', 'model.pt']) {
      const out = join(temporaryDirectory(), 'out.safetensors');
      exportBundle(await bundleOf(name), out);
      const opened = [openCheckpoint(join(directory, name)), openCheckpoint(out)];
      const [source, back] = opened.map(({ dictionaries }) => dictionaries.get('')!);
      const wanted = [...source.tensors.keys()].filter((t) => !t.startsWith('head.'));
      expect([...back.tensors.keys()].sort()).toEqual(wanted.sort());
      for (const tensor of wanted) {
        const [got, expected] = [back.read(tensor), source.read(tensor)];
        if (tensor.includes('.pos_emb.')) expect(relL2(got, expected)).toBeLessThan(1e-6);
        else expect(Buffer.from(got.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
      }
      for (const checkpoint of opened) checkpoint.close();
    }
  });

  test('what it says of the model', async () => {
    const { config, ...said } = await imported(join(directory, 'model.safetensors'));
    expect(config).toMatchObject({
      model: hyenaModel({
        order: 2,
        layers: 2,
        width: 128,
        inner: 512,
        vocabulary: 16,
        context: 1026,
        normEps: 1e-5,
      }),
      filter: { features: 5, hidden: 64, shift: 0.05, time: 'linear' },
      tokenizer: { kind: 'characters' },
    });
    expect(config.filter!.positions).toBeUndefined();
    expect(said).toMatchObject({ container: 'safetensors', dialect: 'Hugging Face' });
    expect(said.notes).toContain('shift 0.05, assumed');
    expect(said.warnings).toHaveLength(1);
    expect(said.notes).toContain('left out: head.output_transform.weight, head.output_transform.bias');
  });
});
