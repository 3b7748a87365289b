/** Every way of naming and every kind of model, against PyTorch on the same random weights. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImportOptions } from '../../src/checkpoint/index.js';
import { computeActivations } from '../../src/generation/activations.js';
import { openModel, type HyenaModel } from '../../src/model/index.js';
import { GOLDEN, NaiveMixer, relL2, removeTemporary, stepThrough } from '../model/helpers.js';
import { asSafetensors, asTorch, golden, imported } from './golden.js';
import { code } from './torch-writer.js';

afterAll(removeTemporary);

const GATE = 1e-5;

/** What is not told by the tensors, or by the conventions of their names. */
const OPTIONS: Readonly<Record<string, ImportOptions>> = {
  'safari-plain': { modulate: false, context: 48 },
};
const CHECKPOINTS = readdirSync(join(GOLDEN, 'import')).map((file) => file.replace('.safetensors', ''));

async function withModel<T>(bundle: string, use: (model: HyenaModel) => Promise<T>): Promise<T> {
  const model = await openModel(bundle, { device: 'cpu' });
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

describe.each(CHECKPOINTS)('%s', (name) => {
  const expected = golden(name);
  const { bundle } = imported(asSafetensors(expected.tensors), OPTIONS[name]);

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
        onLayer: (mixer, start) => {
          taps[mixer] = start.taps;
          pending[mixer] = start.pending;
        },
      });
      expect(taps).toHaveLength(model.mixers);
      const logits = await stepThrough(model, rest, new NaiveMixer(width, taps, pending), state);
      expect(relL2(logits, expected.logits.subarray(split * vocabulary))).toBeLessThan(GATE);
    });
  });

  test('the same bundle from a torch file, as Lightning saves it', () => {
    const file = asTorch(expected.tensors, (v) => code.dict([code.text('state_dict'), v]));
    const other = imported(file, OPTIONS[name]);
    for (const part of readdirSync(bundle).filter((entry) => entry !== 'config.json')) {
      expect(readFileSync(join(other.bundle, part)).equals(readFileSync(join(bundle, part)))).toBe(true);
    }
  });
});

describe('what is inferred', () => {
  const config = (name: string, options?: ImportOptions): ReturnType<typeof imported>['config'] =>
    imported(asSafetensors(golden(name).tensors), { ...OPTIONS[name], ...options }).config;

  test('the family, and with it shift and tokenizer', () => {
    expect(config('standalone')).toMatchObject({
      filter: { shift: 0.05 },
      tokenizer: { kind: 'characters' },
    });
    expect(config('lightning')).toMatchObject({ filter: { shift: 0 }, tokenizer: { kind: 'bytes' } });
    expect(config('lightning', { family: 'hyenadna' }).filter.shift).toBe(0.05);
    expect(config('standalone', { family: 'safari', shift: 0.25 }).filter.shift).toBe(0.25);
  });

  test('positions that rounding explains are computed, others kept', () => {
    expect(config('safari').filter.positions).toBeUndefined();
    expect(config('trained').filter.positions).toBe('stored');
  });

  test('a stored head that is the embeddings is not held twice', () => {
    const bytes = (name: string): number => config(name).files['weights.bin'].bytes;
    const { tensors } = golden('huggingface');
    tensors.get('lm_head.weight')!.data[0] += 1;
    expect(imported(asSafetensors(tensors)).config.files['weights.bin'].bytes).toBe(
      bytes('huggingface') + 16 * 8 * 4,
    );
  });

  test('the names are kept', () => {
    expect(config('lightning').names).toEqual({
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
    const { bundle } = imported(asSafetensors(expected.tensors), options);
    const got = await withModel(bundle, (model) => computeActivations(model, expected.ids));
    expect(relL2(got.logits, expected.logits)).toBeGreaterThan(100 * GATE);
  }
});
