/** The whole model against PyTorch, on a tiny random one. */
import { createMixer } from '../../src/mixer/index.js';
import { openModel, type LanguageModel } from '../../src/model/index.js';
import {
  allTaps,
  NaiveMixer,
  randomIds,
  reference,
  relL2,
  removeTemporary,
  stepThrough,
  tinyBundle,
  type Reference,
  type Time,
} from '../support/tiny-model.js';

const GATE = 1e-5;

afterAll(removeTemporary);

describe.each<Time>(['log', 'linear'])('%s time', (time) => {
  let model: LanguageModel;
  let expected: Reference;
  let V: number;
  let D: number;

  beforeAll(async () => {
    expected = reference(time);
    model = await openModel(await tinyBundle(time), { device: 'cpu' });
    ({ vocabulary: V, width: D } = model.config.model);
  });
  afterAll(() => model.close());

  const row = (t: number): Float32Array => expected.logits.subarray(t * V, (t + 1) * V);

  test('filters are the reference ones', async () => {
    for (let m = 0; m < model.convolutions; m++) {
      const wanted = expected.taps.subarray(m * 64 * D, (m + 1) * 64 * D);
      expect(relL2(await model.taps(m, 64), wanted)).toBeLessThan(2e-6);
    }
  });

  test('a filter is a prefix of a longer one, bit for bit', async () => {
    const long = await model.taps(1, 2500);
    for (const length of [1, 2, 3, 7, 64, 100, 1023, 1024, 1025, 1026, 2049]) {
      const taps = await model.taps(1, length);
      expect(taps.every((tap, i) => tap === long[i])).toBe(true);
    }
    for (const [start, end] of [
      [0, 1],
      [1, 2],
      [5, 17],
      [1000, 1025],
      [1023, 2048],
      [1024, 2500],
      [2499, 2500],
    ]) {
      const taps = await model.taps(1, end, start);
      expect(taps.length).toBe((end - start) * D);
      expect(taps.every((tap, i) => tap === long[start * D + i])).toBe(true);
    }
  });

  test('token by token, logits are the reference ones', async () => {
    const mixer = new NaiveMixer(D, await allTaps(model, expected.ids.length));
    const logits = await stepThrough(model, expected.ids, mixer);
    expect(relL2(logits, expected.logits)).toBeLessThan(GATE);
    const chosen = expected.rows.flatMap((t) => [...logits.subarray(t * V, (t + 1) * V)]);
    expect(relL2(chosen, expected.logits64)).toBeLessThan(GATE);
  });

  test.each([1, 2, 3, 7, 300])('a prompt of %i ends in the reference logits', async (length) => {
    const { logits } = await model.prefill(expected.ids.slice(0, length), 0);
    expect(relL2(logits, row(length - 1))).toBeLessThan(GATE);
  });

  test.each([1, 2, 3, 64, 299])('a prompt of %i, then steps', async (split) => {
    const { ids } = expected;
    const rest = ids.slice(split);
    const taps = await allTaps(model, rest.length);
    const pending: Float32Array[] = [];
    const { state } = await model.prefill(ids.slice(0, split), rest.length, {
      onConvolution: (m, start) => (pending[m] = start.pending.slice()),
    });
    expect(pending.map((p) => p.length)).toEqual(taps.map(() => rest.length * D));
    const logits = await stepThrough(model, rest, new NaiveMixer(D, taps, pending), state);
    expect(relL2(logits, expected.logits.subarray(split * V))).toBeLessThan(GATE);
  });

  test('all logits of a text', async () => {
    const logits = new Float32Array(expected.logits.length);
    const hidden = new Float32Array(expected.ids.length * D);
    for await (const chunk of model.logits(expected.ids)) {
      expect(chunk.logits).toHaveLength(chunk.rows * V);
      logits.set(chunk.logits, chunk.start * V);
      hidden.set(chunk.hidden, chunk.start * D);
    }
    expect(relL2(logits, expected.logits)).toBeLessThan(GATE);
    expect(hidden.every((value) => value !== 0)).toBe(true);
  });

  test('log-probabilities, offline and stepwise', async () => {
    const { ids } = expected;
    const wanted = ids.slice(1).map((id, t) => {
      const logits = Float64Array.from(row(t));
      return logits[id] - Math.log(logits.reduce((sum, l) => sum + Math.exp(l), 0));
    });
    const offline = await model.score(ids);
    expect(relL2(offline, wanted)).toBeLessThan(GATE);

    const shape = { convolutions: model.convolutions, width: D, length: ids.length };
    const mixer = await createMixer({ name: 'tiled', shape });
    for (const [m, taps] of (await allTaps(model, ids.length)).entries()) mixer.setFilter(m, taps);
    expect(relL2(await model.score(ids, { stepwise: mixer }), wanted)).toBeLessThan(GATE);
    await mixer.close();
  });
});

describe('contracts', () => {
  let model: LanguageModel;
  let directory: string;
  let D: number;
  let V: number;

  beforeAll(async () => {
    directory = await tinyBundle('log');
    model = await openModel(directory);
    ({ width: D, vocabulary: V } = model.config.model);
  });
  afterAll(() => model.close());

  const M = (): number => model.convolutions;

  test('says what it is', () => {
    expect(model.config.name).toBe('tiny');
    expect(model.id).toMatch(/^[0-9a-f]{64}$/);
    expect(model.device).toBe('cpu');
    expect(model.convolutions).toBe(2);
  });

  test('three sequences side by side are three apart, bit for bit', async () => {
    const texts = [1, 2, 3].map((seed) => randomIds(5, V, seed));
    const together = model.start(3);
    const apart = texts.map(() => model.start());
    for (let t = 0; t < 5; t++) {
      // Pending sums that differ between sequences and convolutions: [convolution, batch, width].
      const pending = Float32Array.from({ length: M() * 3 * D }, (_, i) => Math.sin(i + t));
      const tokens = texts.map((ids) => ids[t]);
      together.pending.set(pending);
      const { logits, y } = await model.step(together, tokens);
      for (let b = 0; b < 3; b++) {
        const own = Array.from({ length: M() }, (_, m) => (3 * m + b) * D);
        const gather = (all: Float32Array): number[] => own.flatMap((at) => [...all.subarray(at, at + D)]);
        apart[b].pending.set(gather(pending));
        const single = await model.step(apart[b], tokens[b]);
        expect([...single.logits]).toEqual([...logits.subarray(b * V, (b + 1) * V)]);
        expect([...single.y]).toEqual(gather(y));
      }
    }
  });

  test('a state continues from a copy and from saved values, bit for bit', async () => {
    const pending = Float32Array.from({ length: M() * D }, (_, i) => Math.cos(i));
    const state = model.start(1, { hidden: true });
    state.pending.set(pending);
    for (const id of [3, 1, 4]) await model.step(state, id);
    const copy = state.copy();
    const restored = model.start(1, { hidden: true });
    restored.restore(state.save());
    const results = [];
    for (const each of [state, copy, restored]) {
      each.pending.set(pending);
      const { logits, hidden } = await model.step(each, 5);
      results.push({ logits: logits.slice(), hidden: hidden!.slice() });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(copy.arrays).toEqual(state.arrays);
    expect(() => restored.restore([new Float32Array(3)])).toThrow(RangeError);
  });

  test('a step reuses its arrays and leaves the pending sums alone', async () => {
    const pending = new Float32Array(M() * D).fill(0.5);
    const state = model.start();
    state.pending.set(pending);
    const first = await model.step(state, 1);
    const second = await model.step(state, 2);
    expect(second.logits).toBe(first.logits);
    expect(second.y).toBe(first.y);
    expect(state.pending).toEqual(pending);
  });

  test('two threads give the same bits as one', async () => {
    const two = await openModel(directory, { threads: 2 });
    const ids = randomIds(1500, V);
    const results = [];
    for (const each of [model, two]) {
      const pending: Float32Array[] = [];
      const { logits } = await each.prefill(ids, 20, {
        onConvolution: (m, start) => (pending[m] = start.pending.slice()),
      });
      results.push({ logits, pending, taps: await each.taps(0, 3000), score: await each.score(ids) });
    }
    expect(results[1]).toEqual(results[0]);
    await two.close();
  });

  test('offline is stepwise, across the chunks of a long text', async () => {
    const ids = randomIds(2100, V);
    const shape = { convolutions: M(), width: D, length: ids.length };
    const mixer = await createMixer({ name: 'tiled', shape });
    for (const [m, taps] of (await allTaps(model, ids.length)).entries()) mixer.setFilter(m, taps);
    expect(relL2(await model.score(ids), await model.score(ids, { stepwise: mixer }))).toBeLessThan(GATE);
    await mixer.close();
  });

  test('taps too small to matter are zero', async () => {
    const taps = await model.taps(0, model.config.model.context);
    expect(taps.every((tap) => tap === 0 || Math.abs(tap) >= 1e-30)).toBe(true);
  });

  test('progress runs from nothing to everything', async () => {
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number): void => void seen.push([done, total]);
    await model.prefill(randomIds(2500, V), 10, { onProgress });
    expect(seen[0][0]).toBe(0);
    const [done, total] = seen[seen.length - 1];
    expect(done).toBe(total);
    expect(seen.every(([now], i) => i === 0 || now > seen[i - 1][0])).toBe(true);
  });

  test('refuses what does not fit', async () => {
    const { context } = model.config.model;
    await expect(model.prefill([], 1)).rejects.toThrow('at least one token');
    await expect(model.prefill([1], context, { onConvolution: () => {} })).rejects.toThrow(
      `context of ${context}`,
    );
    await expect(model.prefill([1, V], 1)).rejects.toThrow(`token ${V} is not in the vocabulary`);
    await expect(model.prefill([1, -1], 1)).rejects.toThrow(RangeError);
    await expect(model.step(model.start(), 1.5)).rejects.toThrow(RangeError);
    await expect(model.step(model.start(2), 1)).rejects.toThrow('1 tokens for 2 sequences');
    await expect(model.taps(2, 1)).rejects.toThrow('convolution 2');
    await expect(model.taps(0, context + 1)).rejects.toThrow(RangeError);
    await expect(model.score([1, V])).rejects.toThrow(RangeError);
    expect(() => model.start(0)).toThrow(RangeError);
    expect(await model.score([1])).toHaveLength(0);
  });
});
