import { load, type Loaded } from '../../src/generation/load.js';
import { Chunk } from '../../src/generation/text-builder.js';
import { generate, type TextOptions } from '../../src/generation/text.js';
import { computeActivations } from '../../src/evaluation/activations.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { byteModel } from '../support/models.js';
import { removeTemporary } from '../support/tiny-model.js';

let directory: string;
let loaded: Loaded;
beforeAll(async () => {
  directory = await byteModel();
  loaded = await load(directory);
});
afterAll(async () => {
  await loaded.model.close();
  removeTemporary();
});

test.each<[string, unknown, RegExp]>([
  ['count', 1.5, /^count: expected a whole number of at least -1, got 1\.5$/],
  ['count', 0, /^count: expected -1 or a whole number of at least 1, got 0$/],
  ['count', '5', /^count: expected a whole number, got "5"$/],
  ['seed', -1, /^seed: expected a whole number from 0 to 4294967295, got -1$/],
  ['seed', Infinity, /^seed: /],
  ['sampling', { temperature: -1 }, /^temperature: expected a number from 0, got -1$/],
  ['sampling', { topP: 2 }, /^topP: expected a number above 0, at most 1, got 2$/],
  ['sampling', { topP: 0 }, /^topP: /],
  ['sampling', { minP: -0.1 }, /^minP: /],
  ['sampling', { topK: 1.5 }, /^topK: /],
  ['sampling', { repeatPenalty: 0 }, /^repeatPenalty: expected a number above 0, got 0$/],
  ['sampling', { temprature: 1 }, /^sampling: there is no option "temprature"$/],
  ['sampling', 5, /^sampling: expected an object, got 5$/],
  ['logprobs', -1, /^logprobs: /],
  ['stop', 'a', /^stop: expected a list of texts/],
  ['threads', 0, /^threads: expected a whole number from 1 to 256, got 0$/],
  ['memory', 0, /^memory: expected a number above 0, at most Infinity, got 0$|^memory: /],
  ['mixer', 'foo', /^mixer: expected lazy or eager or tiled, got "foo"$/],
  ['signal', {}, /^signal: expected an AbortSignal, got an object$/],
  ['save', 5, /^save: expected a text, got 5$/],
  ['onPrefill', 5, /^onPrefill: expected a function, got 5$/],
  ['conut', 5, /^generate: there is no option "conut"$/],
])('%s %j is refused by its name', (name, value, message) => {
  expect(() => generate(loaded, 'once', { [name]: value })).toThrow(message);
});

test('what is undefined is as if it were not there', async () => {
  const tokensOf = async (options: TextOptions): Promise<readonly number[]> => {
    const text = generate(loaded, 'once', { count: 30, seed: 1, ...options });
    for await (const { bytes } of text) expect(bytes).toBeDefined();
    return text.result.tokens;
  };
  const topK = undefined as unknown as number;
  expect(await tokensOf({ stop: undefined, sampling: { topK } })).toEqual(await tokensOf({}));
});

test('-1 is as many as there is room for', () => {
  expect(() => generate(loaded, 'once', { count: -1 })).not.toThrow();
});

test('a text is iterated once', async () => {
  const text = generate(loaded, 'once', { count: 3 });
  for await (const { token } of text) {
    if (token !== null) break;
  }
  expect(() => text[Symbol.asyncIterator]()).toThrow('a text can be iterated once');
});

test('chunks have their bytes as text too', async () => {
  expect(new Chunk(5, Buffer.from('né')).text).toBe('né');
  expect(new Chunk(null, Uint8Array.of(0x41, 0xc3)).text).toBe('A\ufffd');
  const stream = generate(loaded, 'once', { count: 40, seed: 1 });
  let text = '';
  for await (const chunk of stream) text += chunk.text;
  expect(text).toBe(stream.result.text);
});

test('a prompt that fills the context leaves room for one token', async () => {
  const { context } = loaded.model.config.model;
  const ids = Array.from({ length: 3 }, () => 97);
  const short = {
    ...loaded,
    model: Object.create(loaded.model, {
      config: { value: { ...loaded.model.config, model: { ...loaded.model.config.model, context: 3 } } },
    }) as Loaded['model'],
  };
  expect(context).toBeGreaterThan(3);
  const text = generate(short, ids, {});
  for await (const { token } of text) expect(token).not.toBe(-1);
  expect(text.result.tokens).toHaveLength(1);
});

test('after it is closed, a model says so', async () => {
  const { model, tokenizer } = await load(directory);
  const running = generate({ model, tokenizer }, 'once', { count: 1000, ignoreEos: true });
  const tokens = running[Symbol.asyncIterator]();
  await tokens.next();
  await model.close();
  await model.close();
  const closed = 'the model tiny is closed';
  await expect(tokens.next()).rejects.toThrow(closed);
  expect(() => model.start()).toThrow(closed);
  await expect(model.taps(0, 5)).rejects.toThrow(closed);
  await expect(model.prefill([1, 2], 3)).rejects.toThrow(closed);
  await expect(model.score([1, 2])).rejects.toThrow(closed);
  await expect(evaluate(model, tokenizer, [1, 2])).rejects.toThrow(closed);
  await expect(computeActivations(model, [1, 2])).rejects.toThrow(closed);
  const again = generate({ model, tokenizer }, 'once', { count: 3 });
  await expect(again[Symbol.asyncIterator]().next()).rejects.toThrow(closed);
});

test('what takes long can be stopped', async () => {
  const { model, tokenizer } = loaded;
  const ids = Array.from({ length: 5000 }, (_, k) => k % 256);
  const reason = new Error('enough');
  const afterSome = (): { signal: AbortSignal; onProgress: () => void } => {
    const stop = new AbortController();
    let calls = 0;
    return { signal: stop.signal, onProgress: () => void (++calls === 3 && stop.abort(reason)) };
  };
  await expect(model.score(ids, afterSome())).rejects.toBe(reason);
  await expect(evaluate(model, tokenizer, ids, { ...afterSome(), length: 2000 })).rejects.toBe(reason);
  await expect(computeActivations(model, ids, afterSome())).rejects.toBe(reason);
  await expect(computeActivations(model, ids, { ...afterSome(), stepwise: 'tiled' })).rejects.toBe(reason);
  await expect(computeActivations(model, ids, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const text = generate(loaded, ids, { count: 5, signal: AbortSignal.abort() });
  for await (const chunk of text) expect(chunk).toBeUndefined();
  expect(text.result.stopType).toBe('interrupted');
});

test('options of what evaluates are checked too', async () => {
  const { model, tokenizer } = loaded;
  await expect(evaluate(model, tokenizer, [])).rejects.toThrow(/^ids: expected tokens, got none/);
  await expect(evaluate(model, tokenizer, [1], { length: 1 })).rejects.toThrow(/^length: /);
  await expect(evaluate(model, tokenizer, [1], { strecthes: 1 } as object)).rejects.toThrow(
    /no option "strecthes"/,
  );
  await expect(computeActivations(model, [1], { stepwise: 'x' as 'lazy' })).rejects.toThrow(/^stepwise: /);
  await expect(load(directory, { device: 'gpu' as 'cuda' })).rejects.toThrow(
    /^device: expected auto or cpu or cuda/,
  );
  await expect(load(directory, { thread: 2 } as object)).rejects.toThrow('load: there is no option "thread"');
});
