import { curveOf } from '../../src/bench/curve.js';
import { quantiles } from '../../src/bench/quantiles.js';
import { everything, sampling } from '../../src/bench/sampling.js';

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

test('eight positions count in each stratum, and as many as are asked for warm up before them', () => {
  const { strata, measured } = sampling(1000, 4, (position) => (position < 500 ? 5 : 1));
  expect(strata.map(([first]) => first)).toEqual([121, 371, 621, 871]);
  for (const positions of strata) expect(positions).toEqual(positions.map((_, k) => positions[0] + k));
  const all = Array.from({ length: 1000 }, (_, t) => t).filter((t) => measured.has(t));
  expect(all).toHaveLength(4 * 8 + 2 * 5 + 2 * 1);
  expect(measured.has(116) && !measured.has(115) && measured.has(620) && !measured.has(619)).toBe(true);
  expect(sampling(100, 32, () => 0).strata).toEqual([]);
});

/** What a mixer takes whose caches are cold for some positions after others that were not measured, us. */
function times(
  length: number,
  cost: (t: number) => number,
  { measured }: ReturnType<typeof sampling>,
): Float64Array {
  let warm = 0;
  return Float64Array.from({ length }, (_, t) => {
    if (!measured.has(t)) {
      warm = 0;
      return NaN;
    }
    return warm++ < 10 ? 3 * cost(t) + 50 : cost(t);
  });
}

test.each([
  ['grows with the position', (t: number) => t + 1],
  [
    'falls, and is five times as much every 256 positions',
    (t: number) => (16384 - t) * (t % 256 === 255 ? 5 : 1),
  ],
])('from samples: what %s is known within 2 %', (_, cost) => {
  const length = 16384;
  const where = sampling(length, 32, () => 12);
  const curve = curveOf(times(length, cost, where), where);
  const full = curveOf(
    Float64Array.from({ length }, (_, t) => cost(t)),
    everything(length),
  );
  expect(curve).toHaveLength(32);
  expect(curve.at(-1)!.position).toBe(length);
  expect(Math.abs(curve.at(-1)!.ms / full.at(-1)!.ms - 1)).toBeLessThan(0.02);
});

test('an interruption of a sample is not taken for work', () => {
  const where = sampling(16384, 32, () => 12);
  const us = times(16384, () => 100, where);
  us[where.strata[3][2]] += 20_000;
  expect(curveOf(us, where).at(-1)!.ms).toBeCloseTo(1638.4, 6);
});

test('measured at all positions, times add up', () => {
  const us = Float64Array.from({ length: 1000 }, (_, t) => t + 1);
  const curve = curveOf(us, everything(1000));
  expect(curve.length).toBeLessThanOrEqual(256);
  for (const { position, ms } of curve) expect(ms).toBeCloseTo((position * (position + 1)) / 2000, 9);
  expect(curve.at(-1)!.position).toBe(1000);
});
