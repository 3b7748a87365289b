/** Sequences one after another: what they share is computed once, and changes no bit. */
import { load, type Loaded } from '../../src/generation/load.js';
import { createMixer } from '../../src/mixer/index.js';
import { dnaModel } from '../support/models.js';
import { randomNumbers } from '../support/random.js';
import { removeTemporary } from '../support/tiny-model.js';

let loaded: Loaded;
beforeAll(async () => {
  loaded = await load(await dnaModel({ context: 8192 }));
});
afterAll(async () => {
  await loaded.model.close();
  removeTemporary();
});

const random = randomNumbers(11);
const bases = (length: number): number[] => Array.from({ length }, () => 7 + Math.floor(random() * 4));

test('each has the scores that it has alone, to the bit', async () => {
  const { model } = loaded;
  const window = bases(1500);
  const variants = Array.from({ length: 6 }, (_, k) => {
    const variant = [...window];
    variant[200 * k + 100] = 11;
    return variant;
  });
  const long = bases(5000);
  const sequences = [
    window,
    ...variants,
    // Beginnings, ends at the edge of a block, the same again, others between, and of other lengths.
    window.slice(0, 1026),
    [...window.slice(0, 1024), ...bases(2)],
    window.slice(0, 1025),
    window.slice(0, 1025),
    bases(300),
    bases(40),
    [...window, ...bases(500)],
    window,
    bases(2),
    bases(1),
    long,
    [...long.slice(0, 3000), ...bases(2200)],
  ];
  const together = model.sequences();
  for (const ids of sequences) {
    const scores = await together.score(ids);
    expect(scores).toHaveLength(ids.length - 1);
    expect(scores).toEqual(await model.score(ids));
  }
});

test('agree with the token loop', async () => {
  const ids = bases(600);
  const scores = await loaded.model.sequences().score(ids);
  const { width } = loaded.model.config.model;
  const shape = { convolutions: loaded.model.convolutions, width, length: ids.length };
  const mixer = await createMixer({ name: 'lazy', shape });
  for (let m = 0; m < shape.convolutions; m++) mixer.setFilter(m, await loaded.model.taps(m, ids.length));
  const stepwise = await loaded.model.score(ids, { stepwise: mixer });
  await mixer.close();
  scores.forEach((score, t) => expect(Math.abs(score - stepwise[t])).toBeLessThan(1e-4));
});

test('hidden states of a layer do not depend on what came before, and leave nothing for scores', async () => {
  const { model } = loaded;
  const together = model.sequences();
  const ids = bases(700);
  const scores = await together.score(ids);
  const { layers, width } = model.config.model;
  for (let layer = 0; layer <= layers.length; layer++) {
    const all = new Float32Array(ids.length * width);
    for await (const { start, hidden } of together.hidden(ids, layer)) all.set(hidden, start * width);
    const alone = new Float32Array(ids.length * width);
    for await (const { start, hidden } of model.sequences().hidden(ids, layer))
      alone.set(hidden, start * width);
    expect(all).toEqual(alone);
    if (layer === layers.length) {
      for await (const { start, rows, hidden } of model.logits(ids)) {
        expect(hidden.slice()).toEqual(all.slice(start * width, (start + rows) * width));
      }
    }
  }
  expect(await together.score(ids)).toEqual(scores);
  await expect(together.hidden([1], 3)[Symbol.asyncIterator]().next()).rejects.toThrow(
    'layer 3 is not one of',
  );
});

test('one that was stopped leaves nothing behind', async () => {
  const { model } = loaded;
  const together = model.sequences();
  const ids = bases(1200);
  await together.score(ids);
  const other = [...ids];
  other[700] = 11;
  const stop = new AbortController();
  const onProgress = (done: number, total: number): void => {
    if (done > total / 2) stop.abort(new Error('enough'));
  };
  await expect(together.score(other, { onProgress, signal: stop.signal })).rejects.toThrow('enough');
  expect(await together.score(ids)).toEqual(await model.score(ids));
});
