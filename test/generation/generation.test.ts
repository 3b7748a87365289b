import { jest } from '@jest/globals';
import { InferenceSession } from 'onnxruntime-node';
import { Generation, type GenerationOptions } from '../../src/generation/generation.js';
import { load, type Loaded } from '../../src/generation/load.js';
import type { Point, SavedPoint } from '../../src/generation/point.js';
import type { MixerName } from '../../src/mixer/index.js';
import { byteModel } from '../support/models.js';
import { removeTemporary } from '../support/tiny-model.js';

/** Quick to run: what a run does from token to token does not depend on what the model is. */
let loaded: Loaded;
beforeAll(async () => {
  loaded = await load(await byteModel());
});
afterAll(async () => {
  await loaded.model.close();
  removeTemporary();
});

const GREEDY = { temperature: 0, topK: 0, topP: 1 };

async function collect(
  prompt: readonly number[],
  options: GenerationOptions,
  { model } = loaded,
): Promise<number[]> {
  const ids: number[] = [];
  for await (const id of new Generation(model, prompt, options)) ids.push(id);
  return ids;
}

test('400 greedy tokens of the shipped model are the same for lazy, eager and tiled', async () => {
  const shipped = await load('models/hyena-classics');
  const prompt = shipped.tokenizer.encode('The old house stood at the end of the lane, and');
  const text = (mixer: MixerName, threads: number): Promise<number[]> =>
    collect(prompt, { count: 400, seed: 0, sampling: GREEDY, mixer, threads }, shipped);
  const tiled = await text('tiled', 1);
  expect(tiled).toHaveLength(400);
  expect(await text('tiled', 2)).toEqual(tiled);
  expect(await text('lazy', 1)).toEqual(tiled);
  expect(await text('eager', 1)).toEqual(tiled);
  await shipped.model.close();
});

test('filters grow in leaps where a plan needs them so', async () => {
  const prompt = loaded.tokenizer.encode('Once upon a time');
  const options = { count: 700, room: 9001, seed: 0, sampling: GREEDY };
  const levels = [
    { kind: 'direct' as const, side: 1, fanOut: 64 },
    { kind: 'fan' as const, side: 64, fanOut: 8 },
    // After 512 tokens, twice as many taps as a flat plan takes.
    { kind: 'fan' as const, side: 512, fanOut: 8 },
    { kind: 'fft' as const, side: 4096, recompute: true as const },
    { kind: 'fft' as const, side: 8192, recompute: true as const },
  ];
  expect(await collect(prompt, { ...options, plan: { length: 9000, levels } })).toEqual(
    await collect(prompt, options),
  );
});

test('a run goes on from anywhere, also where filter rows have been evaluated and not set', async () => {
  const prompt = loaded.tokenizer.encode('Once upon a time');
  const options = { room: 2001, seed: 3, threads: 2 };
  const whole = await collect(prompt, { ...options, count: 560 });
  // At 512 positions, a flat plan takes all rows that there are by then.
  for (const position of [480, 481, 495, 511, 512, 513]) {
    const count = position + 1 - prompt.length;
    let from: SavedPoint | undefined;
    const onEnd = ({ arrays, ...point }: Point): void => {
      const saved = arrays.map((array) => array.slice());
      from = { ...point, restore: (into) => into.forEach((array, k) => array.set(saved[k])) };
    };
    const first = await collect(prompt, { ...options, count, onEnd });
    expect(from!.mixer.position).toBe(position);
    const rest = await collect(prompt, { ...options, count: 560 - count, from: from! });
    expect([...first, ...rest]).toEqual(whole);
  }
});

test('graphs are for prompts: on the CPU, a token runs none', async () => {
  const short = loaded.tokenizer.encode('Once upon a time');
  const long = Array.from({ length: 100 }, (_, k) => short[k % short.length]);
  const { prototype } = InferenceSession as unknown as { prototype: InferenceSession };
  const runs = jest.spyOn(prototype, 'run');
  const perRun = [];
  for (const [prompt, count] of [
    [short, 50],
    [long, 1],
    [long, 50],
  ] as const) {
    runs.mockClear();
    await collect(prompt, { count, seed: 1 });
    perRun.push(runs.mock.calls.length);
  }
  runs.mockRestore();
  expect(perRun[0]).toBe(0);
  expect(perRun[1]).toBeGreaterThan(0);
  expect(perRun[2]).toBe(perRun[1]);
});

test('wherever the prompt ends, the text goes on the same', async () => {
  const start = loaded.tokenizer.encode('It was a dark night.');
  const whole = [...start, ...(await collect(start, { count: 300, seed: 0, sampling: GREEDY }))];
  for (const cut of [1, 2, 3, start.length + 1, 64, 100, 255, whole.length - 1]) {
    const prompt = whole.slice(0, cut);
    // Before the start's own end the model would choose for itself.
    if (cut < start.length) continue;
    const rest = await collect(prompt, { count: whole.length - cut, seed: 0, sampling: GREEDY });
    expect(rest).toEqual(whole.slice(cut));
  }
});

test('what the mixer holds depends on the tokens to come, whether the prompt is read in steps or offline', async () => {
  const bytes = new Map<number, number>();
  for (const length of [1, 60, 500, 5000]) {
    const prompt = Array.from({ length }, (_, k) => k % 251);
    const generation = new Generation(loaded.model, prompt, { count: 20, seed: 1 });
    for await (const id of generation) expect(id).toBeLessThan(loaded.tokenizer.size);
    bytes.set(length, generation.mixerBytes);
  }
  // Prompts that are longer than what follows are forgotten; a short one has positions of its own.
  expect(bytes.get(5000)).toBe(bytes.get(500));
  expect(bytes.get(60)).toBeGreaterThan(bytes.get(500)!);
  const alone = new Generation(loaded.model, [30], { count: 79, seed: 1 });
  for await (const id of alone) expect(id).toBeLessThan(loaded.tokenizer.size);
  expect(bytes.get(60)).toBe(alone.mixerBytes);
});

test('an abort ends it between two tokens', async () => {
  const stop = new AbortController();
  const generation = new Generation(loaded.model, [5], { count: 1000, seed: 1, signal: stop.signal });
  let seen = 0;
  for await (const id of generation) {
    expect(id).toBeGreaterThanOrEqual(0);
    if (++seen === 7) stop.abort();
  }
  expect(seen).toBe(7);
  expect(generation.reason).toBe('interrupted');
});

test('a drawn end-of-text token ends it and is not part of the text', async () => {
  const prompt = loaded.tokenizer.encode('Once upon a time');
  const text = await collect(prompt, { count: 30, seed: 1 });
  const endOfText = text[12];
  const generation = new Generation(loaded.model, prompt, { count: 30, seed: 1, endOfText });
  const ids: number[] = [];
  for await (const id of generation) ids.push(id);
  expect(ids).toEqual(text.slice(0, text.indexOf(endOfText)));
  expect(generation.reason).toBe('eos');
});

test('prompts that are empty or leave no room are refused before anything runs', () => {
  const { context } = loaded.model.config.model;
  const make = (length: number, count: number): Generation =>
    new Generation(loaded.model, new Array<number>(length).fill(5), { count, seed: 1 });
  expect(() => make(0, 1)).toThrow(/no tokens/);
  expect(() => make(1, context + 1)).toThrow(/room for 131072, not 131073/);
  expect(() => make(context + 1, 1)).toThrow(/no room for more/);
  expect(() => make(context, 1)).not.toThrow();
});
