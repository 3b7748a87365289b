import { measureCosts, planFor } from '../../src/mixer/index.js';

test('measured costs make a plan', () => {
  const costs = measureCosts({ largest: 64, largestDirect: 32, budgetMs: 1 });
  expect(costs.direct).toHaveLength(6);
  expect(costs.fft).toHaveLength(7);
  expect(costs.direct.every((ns) => ns > 0 && ns < Infinity)).toBe(true);
  expect(costs.fft.map((ns) => ns > 0 && ns < Infinity)).toEqual([
    false,
    false,
    true,
    true,
    true,
    true,
    true,
  ]);
  expect(planFor(1000, costs).tiles).toHaveLength(10);
});
