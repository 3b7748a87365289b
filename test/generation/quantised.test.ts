/** Texts of models with quantised weights: the same bits beside others, on any number of threads, and resumed. */
import { join } from 'node:path';
import { computeActivations } from '../../src/evaluation/activations.js';
import { quantiseBundle } from '../../src/bundle/write.js';
import { load, type Loaded } from '../../src/generation/load.js';
import { generateMany } from '../../src/generation/many.js';
import { openState } from '../../src/generation/state-file.js';
import { generate, type TextOptions } from '../../src/generation/text.js';
import { byteModel } from '../support/models.js';
import { randomIds, relL2, removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

/** Read in steps, with what follows, and offline. */
const PROMPTS = ['once upon a time', 'twice', 'a king, a queen and '.repeat(40)];
const ITEMS = PROMPTS.map((prompt, seed) => ({ prompt, count: 24, seed, logprobs: 2 }));

describe.each([8, 4] as const)('%i bits', (bits) => {
  let loaded: Loaded;
  let directory: string;

  beforeAll(async () => {
    directory = join(temporaryDirectory(), 'bundle');
    await quantiseBundle(await byteModel(), directory, { bits });
    loaded = await load(directory, { threads: 2, batch: 3 });
  });
  afterAll(() => loaded.model.close());

  async function idsOf(prompt: string, options: TextOptions): Promise<number[]> {
    const ids: number[] = [];
    for await (const { token } of generate(loaded, prompt, { seed: 5, ...options })) {
      if (token !== null) ids.push(token);
    }
    return ids;
  }

  /** Tokens and log probabilities, every digit. */
  async function results(lanes: number, threads: number): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const result of generateMany(loaded, ITEMS, { lanes, threads })) {
      if (result instanceof Error) throw result;
      expect(result.logprobs).toHaveLength(24);
      all.push({ tokens: result.tokens, logprobs: result.logprobs });
    }
    return all;
  }

  test('a batch gives each text what it has alone', async () => {
    const alone = await results(1, 1);
    expect(await results(3, 1)).toEqual(alone);
    expect(await results(2, 2)).toEqual(alone);
  });

  test('a text that is resumed goes on as it would have', async () => {
    const file = join(temporaryDirectory(), 'state');
    const whole = await idsOf('once', { count: 20 });
    const first = await idsOf('once', { count: 8, room: 20, save: file });
    const from = openState(file, loaded.model);
    const rest: number[] = [];
    for await (const { token } of generate(loaded, '', { count: 12, from }))
      if (token !== null) rest.push(token);
    expect([...first, ...rest]).toEqual(whole);
  });

  test('mixers agree but for the rounding of activations to 8 bits', async () => {
    const ids = randomIds(60, 256);
    const [tiled, ...others] = await Promise.all(
      (['tiled', 'lazy', 'eager'] as const).map((stepwise) =>
        computeActivations(loaded.model, ids, { stepwise }),
      ),
    );
    for (const { logits } of others) expect(relL2(logits, tiled.logits)).toBeLessThan(0.03);
  });

  test('log probabilities of a prompt of any length are near those of float32', async () => {
    const exact = await load(await byteModel());
    for (const length of [20, 600]) {
      const ids = randomIds(length, 256);
      const [got, wanted] = [await loaded.model.score(ids), await exact.model.score(ids)];
      expect(relL2(got, wanted)).toBeLessThan(bits === 8 ? 0.01 : 0.05);
    }
    await exact.model.close();
  });
});
