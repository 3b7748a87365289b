import { accumulate, integrate, samplePositions } from '../../src/bench/curve.js';
import { quantiles } from '../../src/bench/quantiles.js';

test('quantiles are the smallest values that so many do not exceed', () => {
  const upTo = (count: number): Float64Array => Float64Array.from({ length: count }, (_, k) => count - k);
  expect(quantiles(upTo(10_000))).toEqual({
    p50: 5000,
    p90: 9000,
    p99: 9900,
    p999: 9990,
    p9999: 9999,
    max: 10_000,
  });
  expect(quantiles(upTo(10))).toEqual({ p50: 5, p90: 9, p99: 10, p999: 10, p9999: 10, max: 10 });
  expect(quantiles(Float64Array.of(7))).toEqual({ p50: 7, p90: 7, p99: 7, p999: 7, p9999: 7, max: 7 });
  expect(quantiles(new Float64Array(0))).toEqual({ p50: 0, p90: 0, p99: 0, p999: 0, p9999: 0, max: 0 });
  const values = Float64Array.of(3, 1, 2);
  quantiles(values);
  expect([...values]).toEqual([3, 1, 2]);
});

test('samples are eight in a row in the middle of equal strata; all positions, if there are not more', () => {
  const row = (from: number): number[] => Array.from({ length: 8 }, (_, k) => from + k);
  expect([...samplePositions(1000, 4)]).toEqual([121, 371, 621, 871].flatMap(row));
  expect([...samplePositions(5, 2)]).toEqual([0, 1, 2, 3, 4]);
  expect(samplePositions(100, 100).size).toBe(100);
});

test('measured at all positions, times add up', () => {
  const us = Float64Array.from({ length: 1000 }, (_, t) => t + 1);
  const curve = accumulate(us);
  expect(curve.length).toBeLessThanOrEqual(256);
  expect(curve.at(-1)).toEqual({ position: 1000, ms: expect.closeTo(500.5, 9) as number });
  for (const { position, ms } of curve) expect(ms).toBeCloseTo((position * (position + 1)) / 2000, 9);
  expect(accumulate(Float64Array.of(2000, 1000))).toEqual([
    { position: 1, ms: 2 },
    { position: 2, ms: 3 },
  ]);
});

test('from samples: the middle one of those that count stands for all of a stratum', () => {
  const length = 900;
  const sampled = samplePositions(length, 3);
  const us = new Float64Array(length).fill(NaN);
  // Constant, but for three that find cold caches, and what a busy machine adds to two of the others.
  for (const [k, t] of [...sampled].entries()) us[t] = 10 + (k % 8 < 3 || k % 8 > 5 ? 500 : 0);
  expect(integrate(us, sampled)).toEqual([
    { position: 300, ms: expect.closeTo(3, 9) as number },
    { position: 600, ms: expect.closeTo(6, 9) as number },
    { position: 900, ms: expect.closeTo(9, 9) as number },
  ]);
  // What grows with the position is integrated by midpoints, which is exact for it, but for where the middle one is.
  for (const t of sampled) us[t] = t + 0.5;
  expect(integrate(us, sampled).at(-1)!.ms / (length ** 2 / 2 / 1e3)).toBeCloseTo(1, 2);
});
