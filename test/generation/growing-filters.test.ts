import { growthAt, rowsFor } from '../../src/generation/growing-filters.js';
import { Generation } from '../../src/generation/generation.js';
import { load } from '../../src/generation/load.js';
import { generateMany } from '../../src/generation/many.js';
import { createMixer, flatPlan } from '../../src/mixer/index.js';
import { randomHyena } from '../support/random-hyena.js';
import { removeTemporary } from '../support/tiny-model.js';

afterAll(removeTemporary);

const PERIOD = 16;

test.each([1, 2, 4, 7, 16, 20])('%i filters grow once a period each, in odd steps, in turn', (count) => {
  const steps = Array.from({ length: count }, (): number[] => []);
  for (let known = 0; known < 4 * PERIOD; known++) {
    const now = growthAt(known, count);
    // Up to a filter for every odd step, none waits for another.
    expect(now.length).toBeLessThanOrEqual(Math.ceil(count / (PERIOD / 2)));
    for (const filter of now) steps[filter].push(known);
  }
  for (const own of steps) {
    expect(own).toHaveLength(4);
    expect(own.every((step) => step % 2 === 1)).toBe(true);
    expect(own.slice(1).every((step, k) => step - own[k] === PERIOD)).toBe(true);
  }
});

test('rows set in a period last until the end of the next one', async () => {
  const mixer = await createMixer({
    name: 'tiled',
    shape: { convolutions: 1, width: 4, length: 20_000 },
    plan: flatPlan(20_000),
  });
  for (let known = 0; known < 19_000; known += 7) {
    const next = known - (known % PERIOD) + 2 * PERIOD;
    expect(rowsFor(known)).toBeGreaterThanOrEqual(mixer.tapsNeeded(Math.min(next, 20_000)));
  }
  await mixer.close();
});

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

test('a text goes on to the end of the context', async () => {
  const context = 3000;
  const sizes = { order: 3, layers: 2, width: 16, inner: 16, vocabulary: 256, normEps: 1e-5 };
  const bundle = await randomHyena({ ...sizes, context });
  bundle.close();
  const loaded = await load(bundle.directory);
  const options = { count: context - 1, seed: 0, sampling: { temperature: 1, topK: 0, topP: 1 } };
  // Texts of a batch have filters set whole.
  const item = { prompt: [1], ...options };
  const [whole] = await all(generateMany(loaded, [item], { lanes: 2 }));
  for (const threads of [1, 2]) {
    const text = await all(new Generation(loaded.model, [1], { ...options, threads }));
    expect(text).toHaveLength(context - 1);
    expect('tokens' in whole && whole.tokens).toEqual(text);
  }
  await loaded.model.close();
});
