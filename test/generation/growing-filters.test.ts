import { growthAt, rowsFor } from '../../src/generation/growing-filters.js';
import { createMixer, flatPlan } from '../../src/mixer/index.js';

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
