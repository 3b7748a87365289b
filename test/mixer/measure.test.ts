import { measureCosts, planFor } from '../../src/mixer/index.js';
import { checkPlan } from '../../src/mixer/plan/check.js';

test('measured costs make a plan', async () => {
  const costs = await measureCosts({ largest: 64, largestDirect: 32, fanOuts: [2, 4], budgetMs: 1 });
  expect(costs.direct[2]).toHaveLength(5);
  expect(costs.direct[4]).toHaveLength(4);
  expect(costs.fft[2]).toHaveLength(6);
  expect(costs.fft[4]).toHaveLength(5);
  for (const row of [costs.direct[2], costs.direct[4], costs.fft[2].slice(4), costs.fft[4].slice(4)]) {
    expect(row.every((ns) => ns > 0 && ns < Infinity)).toBe(true);
  }
  expect([...costs.fft[2].slice(0, 4), ...costs.fft[4].slice(0, 4)]).toEqual(Array(8).fill(Infinity));
  const plan = planFor(1000, costs);
  expect(() => checkPlan(plan, 1000)).not.toThrow();
});
