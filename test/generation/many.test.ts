import { generateMany, type Item, type ItemResult, type ManyOptions } from '../../src/generation/many.js';
import { load, type Loaded } from '../../src/generation/load.js';
import { generate } from '../../src/generation/text.js';
import type { TextResult } from '../../src/generation/text-builder.js';
import { byteModel } from '../support/models.js';
import { removeTemporary } from '../support/tiny-model.js';

let loaded: Loaded;
beforeAll(async () => {
  loaded = await load(await byteModel());
});
afterAll(async () => {
  await loaded.model.close();
  removeTemporary();
});

type Items = Parameters<typeof generateMany>[1];

async function resultsOf(items: Items, options?: ManyOptions): Promise<ItemResult[]> {
  const results: ItemResult[] = [];
  for await (const result of generateMany(loaded, items, options)) results.push(result);
  return results;
}

async function alone({ prompt, ...options }: Item): Promise<TextResult> {
  const stream = generate(loaded, prompt, options);
  for await (const { bytes } of stream) void bytes;
  return stream.result;
}

/** What a result says, errors by their message. */
const tokens = (result: ItemResult): unknown => (result instanceof Error ? result.message : result.tokens);

const GOOD: Item[] = Array.from({ length: 12 }, (_, k) => ({
  prompt: 'once upon a time '.repeat(1 + (k % 7)),
  count: 1 + ((k * 5) % 23),
  seed: k,
}));

test('every item has the text it has alone, whatever is beside it', async () => {
  const expected: unknown[] = [];
  for (const item of GOOD) expected.push((await alone(item)).tokens);
  for (const lanes of [1, 3, 8]) {
    expect((await resultsOf(GOOD, { lanes })).map(tokens)).toEqual(expected);
  }
});

const odd = (item: unknown): Item => item as Item;
const BAD: [string, Item, RegExp][] = [
  ['null', odd(null), /^item: expected an object, got null/],
  ['a number', odd(5), /^item: expected an object, got 5/],
  ['no prompt', odd({ count: 3 }), /^prompt: expected a list of token ids, got undefined/],
  ['a prompt of something else', odd({ prompt: [1.5] }), /^prompt: expected a list of token ids/],
  ['an empty prompt', { prompt: [] }, /no tokens/],
  ['a token that does not exist', { prompt: [256], count: 2 }, /token 256 is not in the vocabulary/],
  ['an unknown option', odd({ prompt: 'a', conut: 3 }), /^item: there is no option "conut"/],
  ['no sample', { prompt: 'a', samples: 0 }, /^samples: expected a whole number from 1/],
  ['nothing allowed', { prompt: 'a', allow: '' }, /^allow: expected a text of 1 to 256 characters/],
  ['half a token', { prompt: 'a', count: 1.5 }, /^count: expected a whole number/],
  ['too many tokens', { prompt: 'a', count: 1e6 }, /room for 131072, not 1000000/],
  ['logprobs -1', { prompt: 'a', logprobs: -1 }, /^logprobs: expected a whole number of at least 0, got -1/],
  [
    'topK -1',
    { prompt: 'a', sampling: { topK: -1 } },
    /^topK: expected a whole number of at least 0, got -1/,
  ],
  ['topK no number', { prompt: 'a', sampling: { topK: NaN } }, /^topK: expected a whole number .*, got NaN/],
  ['minP 2', { prompt: 'a', sampling: { minP: 2 } }, /^minP: expected a number from 0, at most 1, got 2/],
  ['a text for a seed', odd({ prompt: 'a', seed: '1' }), /^seed: expected a whole number, got "1"/],
  ['a seed too large', { prompt: 'a', seed: 2 ** 32 }, /^seed: expected a whole number from 0 to 4294967295/],
  ['a stop that is no text', odd({ prompt: 'a', stop: [5] }), /^stop: expected a list of texts/],
  [
    'an item that throws',
    odd({
      get prompt() {
        throw new Error('a trap');
      },
    }),
    /^a trap$/,
  ],
];

test('what is wrong with an item is its own result, and the others are as ever', async () => {
  const items = [GOOD[0], ...BAD.map(([, item]) => item), new Error('as given'), GOOD[1]];
  const results = await resultsOf(items, { lanes: 2 });
  expect(results).toHaveLength(items.length);
  for (const [k, [, , message]] of BAD.entries()) {
    expect(results[k + 1]).toBeInstanceOf(Error);
    expect((results[k + 1] as Error).message).toMatch(message);
  }
  expect(results.at(-2)).toBe(items.at(-2));
  expect(tokens(results[0])).toEqual((await alone(GOOD[0])).tokens);
  expect(tokens(results.at(-1)!)).toEqual((await alone(GOOD[1])).tokens);
});

test('samples are what seeds that count up give alone, however their prompt is read', async () => {
  // In steps, filled in, and convolved and forgotten; more of them than lanes.
  for (const [prompt, count] of [
    ['once', 9],
    ['once upon a time '.repeat(6), 120],
    ['once upon a time '.repeat(9), 20],
  ] as const) {
    const results = await resultsOf([{ prompt, count, seed: 7, samples: 5 }, GOOD[0]], { lanes: 3 });
    const expected: unknown[] = [];
    for (let k = 0; k < 5; k++) expected.push((await alone({ prompt, count, seed: 7 + k })).tokens);
    expect(results.map(tokens)).toEqual([...expected, (await alone(GOOD[0])).tokens]);
  }
  const wrong = await resultsOf([
    { prompt: [999], samples: 2 },
    { prompt: [1], allow: '\u00ff', samples: 2 },
  ]);
  expect(wrong.map(tokens)).toEqual([
    ...new Array<unknown>(2).fill('token 999 is not in the vocabulary, 0 to 255'),
    expect.any(Array),
    expect.any(Array),
  ]);
});

test('of characters that are allowed, no token has others', async () => {
  const [result] = await resultsOf([{ prompt: 'a', allow: 'ACGT', count: 50 }]);
  expect((result as TextResult).text).toMatch(/^[ACGT]{50}$/);
});

test('a count of 0 says how probable the prompt is', async () => {
  const [result] = await resultsOf([{ prompt: 'once', count: 0, logprobs: 1 }]);
  const scores = await loaded.model.score([...Buffer.from('once')]);
  const { promptLogprobs, tokens } = result as Exclude<ItemResult, Error>;
  expect(tokens).toEqual([]);
  expect(promptLogprobs!.map(({ id }) => id)).toEqual([...Buffer.from('nce')]);
  promptLogprobs!.forEach(({ logprob, top }, k) => {
    expect(logprob).toBeCloseTo(scores[k], 5);
    expect(top).toHaveLength(1);
    expect(top[0].logprob).toBeGreaterThanOrEqual(logprob);
  });
});

test('where the items fail, those before it are finished and given first', async () => {
  function* failing(): Generator<Item> {
    yield GOOD[0];
    yield { ...GOOD[1], count: 60 };
    throw new Error('no more of them');
  }
  const results: ItemResult[] = [];
  const run = async (): Promise<void> => {
    for await (const result of generateMany(loaded, failing())) results.push(result);
  };
  await expect(run()).rejects.toThrow('no more of them');
  expect(results.map(tokens)).toEqual([
    (await alone(GOOD[0])).tokens,
    (await alone({ ...GOOD[1], count: 60 })).tokens,
  ]);
});

test('options that make no sense, and what is no list of items, are refused at once', () => {
  for (const lanes of [0, -1, 1.5, NaN, 5000]) {
    expect(() => generateMany(loaded, [], { lanes })).toThrow(
      /^lanes: expected a whole number from 1 to 4096/,
    );
  }
  expect(() => generateMany(loaded, [], { threads: 0 })).toThrow(/^threads/);
  expect(() => generateMany(loaded, [], { lane: 3 } as ManyOptions)).toThrow('there is no option "lane"');
  expect(() => generateMany(loaded, 5 as unknown as Item[])).toThrow(/^items: expected something to iterate/);
});

test('an abort ends all texts as they are, and waiting for items that do not come', async () => {
  const stop = new AbortController();
  const items = async function* (): AsyncGenerator<Item> {
    yield { prompt: 'once', count: 100_000, seed: 1, ignoreEos: true };
    yield { prompt: 'upon', count: 100_000, seed: 2, ignoreEos: true };
    setTimeout(() => stop.abort(), 100);
    await new Promise(() => undefined);
  };
  const results = await resultsOf(items(), { signal: stop.signal, lanes: 4 });
  expect(results.map((result) => (result as TextResult).stopType)).toEqual(['interrupted', 'interrupted']);
  const idle = new AbortController();
  setTimeout(() => idle.abort(), 50);
  const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
  expect(await resultsOf(never, { signal: idle.signal })).toEqual([]);
});

test('items are taken as they are needed: some ahead of the result that is waited for, and no more', async () => {
  const lanes = 2;
  let taken = 0;
  let closed = false;
  const items = async function* (): AsyncGenerator<Item> {
    try {
      for (;;) {
        await Promise.resolve();
        // The first text is long: all others wait for it.
        yield { prompt: 'once', count: taken++ === 0 ? 400 : 1, seed: 1, ignoreEos: true };
      }
    } finally {
      closed = true;
    }
  };
  const results = generateMany(loaded, items(), { lanes });
  await results.next();
  expect(taken).toBeLessThanOrEqual(16 * lanes + 1);
  expect(taken).toBeGreaterThan(lanes);
  for (let k = 0; k < 40; k++) await results.next();
  expect(taken).toBeLessThanOrEqual(41 + 16 * lanes + 1);
  await results.return();
  expect(closed).toBe(true);
});

test('a text that needs longer lanes waits for the others, and then has them', async () => {
  const items = [3, 5, 700, 4, 2000, 2].map((count, k) => ({ prompt: 'once', count, seed: k }));
  const expected: unknown[] = [];
  for (const item of items) expected.push((await alone(item)).tokens);
  expect((await resultsOf(items, { lanes: 2 })).map(tokens)).toEqual(expected);
});
