import { Budget } from '../../src/bench/budget.js';
import { compareRuns } from '../../src/bench/compare.js';
import { crossing } from '../../src/bench/crossover.js';
import { firstPositions } from '../../src/bench/curve.js';
import type { BenchReport } from '../../src/bench/report.js';
import { estimate, median } from '../../src/bench/estimate.js';
import { quantiles } from '../../src/bench/quantiles.js';
import { bySide, stretches } from '../../src/bench/series.js';
import { type Pair, restCrossing, shortTexts, textCrossing } from '../../src/bench/short-texts.js';

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
  ['exponential', (u: number) => 0.01 - Math.log(1 - u), 0.01 + Math.LN2],
  ['times: mostly alike, now and then far longer', (u: number) => 1 + 0.1 * u + (u > 0.95 ? 5 * u : 0), 1.05],
])('the interval holds the true median 95 times of 100: %s', (_name, quantile, truth) => {
  const random = uniform(2);
  const runs = 50;
  for (const samples of [3, 5, 25]) {
    let held = 0;
    for (let run = 0; run < runs; run++) {
      const { low, high } = estimate(Array.from({ length: samples }, () => quantile(random())));
      if (low <= truth && truth <= high) held++;
    }
    expect(held / runs).toBeGreaterThanOrEqual(0.86);
  }
});

describe('two runs on a machine whose speed wanders by a tenth, within a run and between two', () => {
  const random = uniform(3);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  /** Eight figures of `rounds` rounds each. */
  function run(rounds: number, times: (figure: number) => number): BenchReport {
    const slow = Math.exp(0.1 * normal());
    const figures = Array.from({ length: 8 }, (_, k) => k);
    const pace = Array.from({ length: rounds }, () => slow * Math.exp(0.1 * normal()));
    const of = (samples: number[]): object => ({ median: median(samples), samples });
    return {
      mixing: figures.map((k) => ({
        variant: 'flat',
        shape: { convolutions: 1, width: 16, length: k + 1, lanes: 1 },
        threads: 1,
        warmMs: of(pace.map((now) => 100 * times(k) * now * Math.exp(0.05 * normal()))),
        coldMs: null,
        setupMs: of([1]),
        pace: pace.map((now) => ({ arithmetic: now, memory: now * Math.exp(0.05 * normal()) })),
        anew: [0],
      })),
      endToEnd: null,
    } as unknown as BenchReport;
  }
  const verdicts = (before: BenchReport, after: BenchReport): string[] =>
    compareRuns([before], [after], 0.05)
      .filter(({ label }) => label.endsWith('warm'))
      .map(({ verdict }) => verdict);

  test.each([3, 5, 9])(
    'of %d rounds: nothing has changed of the same program, what is twice as slow is caught',
    (rounds) => {
      const pairs = 25;
      let [wrong, missed] = [0, 0];
      for (let pair = 0; pair < pairs; pair++) {
        const [old, same] = [run(rounds, () => 1), run(rounds, () => 1)];
        wrong += verdicts(old, same).filter((verdict) => verdict !== 'same').length;
        const slowed = run(rounds, (k) => (k < 3 ? 2 : 1));
        const found = verdicts(old, slowed).map((verdict) => verdict === 'slower');
        missed += found.slice(0, 3).filter((slower) => !slower).length;
        expect(found.slice(3)).not.toContain(true);
      }
      expect(wrong).toBeLessThanOrEqual(1);
      if (rounds >= 5) expect(missed).toBeLessThanOrEqual(2);
    },
  );
});

test('the interval of a median', () => {
  const of = (samples: number[]): number[] => {
    const { low, median, high } = estimate(samples);
    return [low, median, high];
  };
  expect(of([5])).toEqual([5, 5, 5]);
  expect(of([4, 4, 4])).toEqual([4, 4, 4]);
  // As few values show less than that the median is somewhere among them.
  expect(of([1, 2, 3])[0]).toBeLessThan(0.6);
  expect(of([1, 2, 3])[2]).toBeGreaterThan(5);
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

describe('a crossover', () => {
  test('is where one becomes faster for good', () => {
    const of = (...leads: number[]): ReturnType<typeof crossing> =>
      crossing(leads.map((ratio, k) => ({ length: k + 1, ratios: [ratio] })));
    expect(of(0.9, 1.1, 2)).toEqual({ from: 2, low: 2, high: 2 });
    expect(of(1.1, 0.9, 1.1)).toEqual({ from: 3, low: 3, high: 3 });
    expect(of(2, 2)).toEqual({ from: 1, low: 1, high: 1 });
    expect(of(2, 1)).toBeNull();
    expect(of()).toBeNull();
  });

  test('lies within its interval 95 times of 100, and one that is not surely there has no end', () => {
    const random = uniform(5);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const found = Array.from({ length: 60 }, () => {
      // Runs differ in how slow they were as a whole: at 100 the ratio is 1.
      const slow = Array.from({ length: 7 }, () => Math.exp(0.2 * normal()));
      const leads = Array.from({ length: 300 }, (_, n) => ({
        length: n + 1,
        ratios: slow.map((times) => ((n + 1) / 100) * times * Math.exp(0.01 * normal())),
      }));
      return crossing(leads)!;
    });
    const held = found.filter(({ low, high }) => low <= 100 && high !== null && high >= 100);
    expect(held.length).toBeGreaterThanOrEqual(54);
    for (const { low, from, high } of found) expect([low <= from, from <= high!]).toEqual([true, true]);
    const unsure = crossing([{ length: 8, ratios: [1.5, 0.8, 1.1, 1.6, 0.9] }]);
    expect(unsure).toEqual({ from: 8, low: 8, high: null });
  });

  test('of texts: without the steps, and where it is 5 % of all', () => {
    // A step takes 1 ms, lazy mixing n us at the n-th token, tiled mixing 50 us, and 2 ms at the beginning.
    const upTo = (tokens: number, rest: (n: number) => number): Pair['flat'] => {
      const sums = Float64Array.from({ length: tokens }, (_, t) => rest(t + 1));
      return { rest: sums, all: sums.map((ms, t) => ms + t + 1) };
    };
    const lazyMs = (n: number): number => (n * n) / 2000;
    const flat = (tokens: number): Pair['flat'] => upTo(tokens, (n) => 2 + n / 20);
    const pairs = (tokens: number): Pair[] => [{ lazy: upTo(tokens, lazyMs), flat: flat(tokens) }];
    const curve = [4096, 8192].map((position) => ({ position, ms: lazyMs(position) }));
    expect(restCrossing(pairs(256))).toEqual({ from: 131, low: 131, high: 131 });
    expect(restCrossing(pairs(64))).toBeNull();
    // n² / 2000 - n / 20 - 2 > (n + n / 20 + 2) / 20
    expect(textCrossing(pairs(512), undefined, flat(512))).toEqual({ from: 224, derived: false });
    expect(textCrossing(pairs(128), curve, flat(8192))).toEqual({ from: 224, derived: true });
    expect(textCrossing(pairs(128), curve, flat(200))).toBeNull();
    const rows = shortTexts(pairs(100));
    expect(rows.map(({ length }) => length)).toEqual([16, 32, 64, 100]);
    expect(rows[3].lazyRestMs.median).toBeCloseTo(5, 9);
    expect(rows[3].flatMs.median).toBeCloseTo(107, 9);
    expect(rows[3].saved).toBeCloseTo(-2 / 107, 9);
  });
});

test('the first positions of a tiling cost what they would without any after them', () => {
  // Inputs 2, 4, 6 and 8 complete tiles of sides 2, 4, 2 and 8.
  const us = Float64Array.of(1, 20, 1, 40, 1, 20, 1, 80).map((time) => 1000 * time);
  expect([...firstPositions(us, false)]).toEqual([1, 21, 22, 62, 63, 83, 84, 164]);
  expect([...firstPositions(us, true)]).toEqual([1, 2, 22, 23, 63, 64, 84, 85]);
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
