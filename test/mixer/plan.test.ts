import { createMixer, planFor, type Plan } from '../../src/mixer/index.js';
import { checkPlan } from '../../src/mixer/plan/plan.js';

const COSTS = { direct: [1, 1, 2, 4, 8], fft: [Infinity, Infinity, 9, 3, 9] };

test('a plan takes the cheapest implementation of each side', () => {
  expect(planFor(33, COSTS)).toEqual({
    length: 33,
    tiles: [
      { side: 1, tau: 'direct' },
      { side: 2, tau: 'direct' },
      { side: 4, tau: 'direct' },
      { side: 8, tau: 'fft' },
      { side: 16, tau: 'direct' },
      { side: 32, tau: 'fft' },
    ],
  });
  expect(planFor(1)).toEqual({ length: 1, tiles: [] });
});

test('plans for every length are valid, and survive JSON', () => {
  for (const length of [1, 2, 3, 4, 5, 100, 131072, 2 ** 20 + 1]) {
    const plan = JSON.parse(JSON.stringify(planFor(length))) as Plan;
    expect(() => checkPlan(plan, length)).not.toThrow();
  }
});

test('plans that do not fit are refused', async () => {
  const plan = planFor(16);
  expect(() => checkPlan(plan, 17)).toThrow(/for length 16, not 17/);
  expect(() => checkPlan({ ...plan, length: 17 }, 17)).toThrow(/tiles of 5 sides, the plan of 4/);
  const swapped = { length: 3, tiles: [...planFor(3).tiles].reverse() };
  expect(() => checkPlan(swapped, 3)).toThrow(/tile 0 of the plan has side 2, expected 1/);
  expect(() => checkPlan({ length: 2, tiles: [{ side: 1, tau: 'fft' }] }, 2)).toThrow(/at least 4, not 1/);
  const unknown = { length: 2, tiles: [{ side: 1, tau: 'slow' as 'fft' }] };
  expect(() => checkPlan(unknown, 2)).toThrow(/unknown tile implementation slow/);
  await expect(
    createMixer({ name: 'tiled', shape: { layers: 1, width: 1, length: 8 }, plan }),
  ).rejects.toThrow(/for length 16/);
});
