/** A real checkpoint against the forward pass of the program it was made for. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importCheckpoint, SafetensorsFile, type ImportOptions } from '../../src/checkpoint/index.js';
import { computeActivations, type Activations } from '../../src/generation/activations.js';
import { load } from '../../src/generation/load.js';
import { openBundle } from '../../src/model/index.js';
import { relL2, removeTemporary, temporaryDirectory } from '../model/helpers.js';
import { describeWithData } from './data.js';

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

  const bundleOf = (file: string, options?: ImportOptions): string => {
    const bundle = join(temporaryDirectory(), 'bundle');
    importCheckpoint(join(directory, file), bundle, options);
    return bundle;
  };

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
    for (const error of await errors(bundleOf('model.safetensors'))) expect(error).toBeLessThan(GATE);
  });

  test('the torch file gives the same bundle', async () => {
    const [a, b] = ['model.safetensors', 'model.pt'].map((file) => bundleOf(file));
    const files = readdirSync(a).filter((file) => file !== 'config.json');
    expect(readdirSync(b).filter((file) => file !== 'config.json')).toEqual(files);
    for (const file of files) {
      expect(readFileSync(join(a, file)).equals(readFileSync(join(b, file)))).toBe(true);
    }
    // The config tells where the weights are from, which the model's id leaves aside.
    expect(openBundle(b).id).toBe(openBundle(a).id);
    for (const error of await errors(b)) expect(error).toBeLessThan(GATE);
  });

  test('not with another shift', async () => {
    const bundle = bundleOf('model.safetensors', { shift: 0 });
    for (const error of await errors(bundle)) expect(error).toBeGreaterThan(100 * GATE);
  });

  test('what it says of the model', () => {
    const { config, ...said } = importCheckpoint(
      join(directory, 'model.safetensors'),
      join(temporaryDirectory(), 'b'),
    );
    expect(config).toMatchObject({
      model: { order: 2, layers: 2, width: 128, inner: 512, vocabulary: 16, context: 1026, normEps: 1e-5 },
      filter: { features: 5, hidden: 64, shift: 0.05, time: 'linear' },
      tokenizer: { kind: 'characters' },
    });
    expect(config.filter.positions).toBeUndefined();
    expect(said).toMatchObject({ container: 'safetensors', dialect: 'Hugging Face' });
    expect(said.notes).toContain('shift 0.05, assumed');
    expect(said.notes).toContain('left out: head.output_transform.weight, head.output_transform.bias');
  });
});
