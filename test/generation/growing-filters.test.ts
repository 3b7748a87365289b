import { growthAt, rowsFor } from '../../src/generation/growing-filters.js';
import { createMixer, flatPlan } from '../../src/mixer/index.js';

const PERIOD = 32;

test.each([1, 2, 4, 7, 16, 20])(
  '%i layers grow once a period each, in odd steps, evaluated two steps before',
  (layers) => {
    const evaluated = new Map<number, number[]>();
    const set = new Map<number, number[]>();
    for (let known = 0; known < 4 * PERIOD; known++) {
      const growth = growthAt(known, layers);
      for (const layer of growth.evaluate) evaluated.set(layer, [...(evaluated.get(layer) ?? []), known]);
      for (const layer of growth.set) set.set(layer, [...(set.get(layer) ?? []), known]);
      // No token waits for both.
      expect(growth.evaluate.length === 0 || growth.set.length === 0 || layers > 8).toBe(true);
    }
    for (let layer = 0; layer < layers; layer++) {
      const steps = set.get(layer)!;
      expect(steps).toHaveLength(4);
      expect(steps.every((step) => step % 2 === 1)).toBe(true);
      expect(steps.slice(1).every((step, k) => step - steps[k] === PERIOD)).toBe(true);
      for (const step of evaluated.get(layer)!.slice(0, 3))
        expect([...steps, steps[3] + PERIOD]).toContain(step + 2);
    }
    // Up to a layer for every odd step, none waits for another.
    const most = Math.ceil(layers / (PERIOD / 2));
    for (let known = 0; known < PERIOD; known++)
      expect(growthAt(known, layers).set.length).toBeLessThanOrEqual(most);
  },
);

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
