import { Budget } from '../../src/bench/budget.js';
import { crossing } from '../../src/bench/crossover.js';
import { estimate, median } from '../../src/bench/estimate.js';
import { quantiles } from '../../src/bench/quantiles.js';
import { bySide, stretches } from '../../src/bench/series.js';

/** Independent of the code under test: mulberry32. */
function uniform(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('medians', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});

test('quantiles of known distributions', () => {
  const random = uniform(1);
  const flat = Float64Array.from({ length: 100_000 }, () => random());
  const exponential = flat.map((u) => -Math.log(1 - u));
  for (const [name, p] of [
    ['p50', 0.5],
    ['p90', 0.9],
    ['p99', 0.99],
  ] as const) {
    expect(quantiles(flat)[name]).toBeCloseTo(p, 2);
    expect(quantiles(exponential)[name] / -Math.log(1 - p)).toBeCloseTo(1, 1);
  }
});

test.each([
  ['uniform', (u: number) => u, 0.5],
  ['exponential', (u: number) => -Math.log(1 - u), Math.LN2],
  ['times: mostly alike, now and then far longer', (u: number) => 1 + 0.1 * u + (u > 0.95 ? 5 * u : 0), 1.05],
])('the interval holds the true median 95 times of 100: %s', (_name, quantile, truth) => {
  const random = uniform(2);
  const runs = 50;
  let held = 0;
  for (let run = 0; run < runs; run++) {
    const { low, high } = estimate(Array.from({ length: 25 }, () => quantile(random())));
    if (low <= truth && truth <= high) held++;
  }
  expect(held / runs).toBeGreaterThanOrEqual(0.86);
});

test('the interval of a median', () => {
  const of = (samples: number[]): number[] => {
    const { low, median, high } = estimate(samples);
    return [low, median, high];
  };
  expect(of([5])).toEqual([5, 5, 5]);
  expect(of([4, 4, 4])).toEqual([4, 4, 4]);
  // As few values show no more than that the median is somewhere among them.
  expect(of([1, 2, 3])).toEqual([1, 2, 3]);
  expect(of([1, 2, 3])).toEqual(of([3, 1, 2]));
});

test('time is shared out by weight, and what is left over goes to those that come', () => {
  let now = 0;
  const budget = new Budget(100, { a: 1, b: 2, c: 1, d: 0 }, () => now);
  expect(budget.begin('a')).toBe(25);
  now = 10;
  expect(budget.begin('b')).toBe(60);
  now = 130;
  expect(budget.begin('c')).toBe(0);
  expect(budget.begin('d')).toBe(0);
  expect(() => budget.begin('a')).toThrow();
});

test('a crossover is where the second becomes faster for good', () => {
  const lazy = [
    [16, 1],
    [32, 3],
    [64, 9],
    [128, 30],
  ] as const;
  expect(
    crossing(lazy, [
      [16, 2],
      [32, 2],
      [64, 5],
      [128, 11],
    ]),
  ).toBe(32);
  expect(
    crossing(lazy, [
      [16, 0.5],
      [32, 4],
      [64, 5],
      [128, 11],
    ]),
  ).toBe(64);
  expect(
    crossing(lazy, [
      [16, 2],
      [32, 4],
      [64, 10],
      [128, 31],
    ]),
  ).toBeNull();
  expect(crossing(lazy, [[128, 11]])).toBe(128);
  expect(crossing([], [[128, 11]])).toBeNull();
});

test('tokens by the side of their tiles', () => {
  const series = bySide(Float64Array.from({ length: 10 }, (_, t) => 100 + t));
  expect(series).toEqual([
    { side: 1, positions: [0, 2, 4, 6, 8], times: [100, 102, 104, 106, 108] },
    { side: 2, positions: [1, 5], times: [101, 105] },
    { side: 4, positions: [3], times: [103] },
    { side: 8, positions: [7], times: [107] },
  ]);
  for (const { side, positions } of bySide(new Float64Array(5000))) {
    expect(positions.length).toBeLessThanOrEqual(96);
    expect(new Set(positions).size).toBe(positions.length);
    for (const t of positions)
      expect([(t + 1) % side, (t + 1) % (2 * side), t < 4999]).toEqual([0, side, true]);
  }
});

test('stretches of a run end where the next begins', () => {
  const parts = stretches(Float64Array.from({ length: 1000 }, (_, t) => t));
  expect(parts).toHaveLength(128);
  expect(parts[0]).toEqual({ position: 8, p50: 3, p99: 7, max: 7 });
  expect(parts.at(-1)).toMatchObject({ position: 1000, max: 999 });
  expect(stretches(Float64Array.of(5))).toEqual([{ position: 1, p50: 5, p99: 5, max: 5 }]);
});
