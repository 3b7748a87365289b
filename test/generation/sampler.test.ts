import { BundleError } from '../../src/format/errors.js';
import { DEFAULT_SAMPLING, Sampler, type Sampling } from '../../src/generation/sampler.js';

type Some = Partial<Sampling>;
const createSampler = (some: Some, seed: number, never: number[] = [], history: number[] = []): Sampler =>
  new Sampler({ ...DEFAULT_SAMPLING, ...some }, seed, { never, history });

/** Random logits, with ties. */
function randomLogits(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.round(((state >>> 8) / 2 ** 24) * 120) / 10 - 6;
  });
}

/**
 * The definition, written for reading: penalise, sort, cut to k, cut to the nucleus of what is left, cut what is
 * improbable, divide by the temperature, normalise.
 */
function probabilities(logits: Float32Array, some: Some, history: number[] = []): Map<number, number> {
  const { repeatPenalty, repeatLastN, topK, topP, minP, temperature } = { ...DEFAULT_SAMPLING, ...some };
  const normalise = (entries: [number, number][], divisor: number): [number, number][] => {
    const sum = entries.reduce((s, [, logit]) => s + Math.exp(logit / divisor), 0);
    return entries.map(([id, logit]) => [id, Math.exp(logit / divisor) / sum]);
  };
  const recent = repeatLastN < 0 ? history : repeatLastN === 0 ? [] : history.slice(-repeatLastN);
  let kept = [...logits].map((logit, id): [number, number] => {
    if (!recent.includes(id)) return [id, logit];
    return [id, Math.fround(logit > 0 ? logit / repeatPenalty : logit * repeatPenalty)];
  });
  kept.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  if (topK > 0) kept = kept.slice(0, topK);
  let cumulative = 0;
  const shares = normalise(kept, 1);
  const cut = shares.findIndex(([, share]) => (cumulative += share) >= topP - 1e-12);
  if (topP < 1 && cut >= 0) kept = kept.slice(0, cut + 1);
  const likeliest = normalise(kept, 1)[0][1];
  kept = kept.filter((_, k) => normalise(kept, 1)[k][1] >= minP * likeliest * (1 - 1e-12));
  return new Map(normalise(kept, temperature));
}

const SETTINGS: Some[] = [
  { temperature: 1, topK: 0, topP: 1 },
  { temperature: 0.8, topK: 40, topP: 0.95 },
  { temperature: 1.7, topK: 5, topP: 1 },
  { temperature: 0.3, topK: 0, topP: 0.5 },
  { temperature: 1, topK: 1, topP: 0.9 },
  { temperature: 1, topK: 1000, topP: 0.99 },
  { temperature: 1, topK: 0, topP: 1, minP: 0.05 },
  { temperature: 2, topK: 30, topP: 0.9, minP: 0.2 },
];

test.each([
  ...SETTINGS,
  { repeatPenalty: 1.3, repeatLastN: 4 },
  { repeatPenalty: 2, repeatLastN: -1, minP: 0.1 },
  { repeatPenalty: 0.5, repeatLastN: 0, topK: 0 },
])('candidates and their probabilities are as defined: %j', (sampling) => {
  for (let seed = 1; seed <= 40; seed++) {
    const logits = randomLogits(3 + seed * 4, seed);
    const history = Array.from({ length: seed % 9 }, (_, k) => (k * seed * 7) % logits.length);
    const { ids, weights } = createSampler(sampling, 1, [], history).candidates(logits);
    const sum = weights.reduce((s, w) => s + w, 0);
    const expected = probabilities(logits, sampling, history);
    expect([...ids].sort((a, b) => a - b)).toEqual([...expected.keys()].sort((a, b) => a - b));
    ids.forEach((id, k) => expect(weights[k] / sum).toBeCloseTo(expected.get(id)!, 10));
  }
});

test('a sampler goes on from another’s state', () => {
  const logits = randomLogits(300, 5);
  const penalty = { repeatPenalty: 1.5, repeatLastN: 8 };
  const whole = createSampler(penalty, 9);
  const ids = Array.from({ length: 30 }, () => whole.sample(logits));
  const random = whole.random;
  const on = new Sampler({ ...DEFAULT_SAMPLING, ...penalty }, 0, { random, history: ids });
  const rest = Array.from({ length: 30 }, () => whole.sample(logits));
  expect(Array.from({ length: 30 }, () => on.sample(logits))).toEqual(rest);
});

test.each(SETTINGS)('draws as defined: %j', (sampling) => {
  const draws = 8_000;
  for (const count of [3, 60]) {
    const logits = randomLogits(count, count);
    const expected = probabilities(logits, sampling);
    const sampler = createSampler(sampling, 11);
    const seen = new Map<number, number>();
    for (let k = 0; k < draws; k++) {
      const id = sampler.sample(logits);
      seen.set(id, (seen.get(id) ?? 0) + 1);
    }
    for (const id of seen.keys()) expect(expected.has(id)).toBe(true);
    for (const [id, p] of expected) {
      // Five standard deviations of a binomial share; and two draws, for what is too rare to be like a normal distribution.
      const slack = 5 * Math.sqrt((p * (1 - p)) / draws) + 2 / draws;
      expect(Math.abs((seen.get(id) ?? 0) / draws - p)).toBeLessThanOrEqual(slack);
    }
  }
});

test('temperature 0 takes the first of the largest', () => {
  const sampler = createSampler({ temperature: 0, topK: 40, topP: 0.95 }, 1);
  expect(sampler.sample(Float32Array.of(-3, 2, 5, 5, 1))).toBe(2);
  expect(sampler.sample(Float32Array.of(-3))).toBe(0);
});

test('the same seed draws the same, another seed does not', () => {
  const logits = randomLogits(500, 3);
  const draw = (seed: number): number[] => {
    const sampler = createSampler({ temperature: 1, topK: 0, topP: 1 }, seed);
    return Array.from({ length: 50 }, () => sampler.sample(logits));
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  expect(draw(2 ** 32 - 1)).toEqual(draw(2 ** 32 - 1));
});

test('what neighbouring seeds draw is unrelated, from the first token on', () => {
  const [seeds, values, tokens] = [4000, 10, 3];
  const logits = new Float32Array(values);
  const first = Array.from({ length: seeds }, (_, seed) => {
    const sampler = createSampler({ temperature: 1, topK: 0, topP: 1 }, seed);
    return Array.from({ length: tokens }, () => sampler.sample(logits));
  });
  /** Chi-squared of how often each of `cells` equally likely results came. */
  const chiSquared = (results: number[], cells: number): number => {
    const counts = new Float64Array(cells);
    for (const result of results) counts[result]++;
    const expected = results.length / cells;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  };
  for (let t = 0; t < tokens; t++) {
    const drawn = first.map((ids) => ids[t]);
    // 99.99 % of samples of independent draws lie below, with 9 and 99 degrees of freedom.
    expect(chiSquared(drawn, values)).toBeLessThan(33.7);
    const pairs = drawn.slice(1).map((id, seed) => id * values + drawn[seed]);
    expect(chiSquared(pairs, values ** 2)).toBeLessThan(161.3);
    if (t > 0) {
      const onward = first.map((ids) => ids[t - 1] * values + ids[t]);
      expect(chiSquared(onward, values ** 2)).toBeLessThan(161.3);
    }
  }
});

test('logits are left as they were', () => {
  const logits = randomLogits(100, 9);
  const copy = logits.slice();
  createSampler({ temperature: 0.7, topK: 10, topP: 0.9 }, 1).sample(logits);
  expect(logits).toEqual(copy);
});

test.each([
  { temperature: 0, topK: 0, topP: 1 },
  { temperature: 1, topK: 0, topP: 1 },
  { temperature: 2, topK: 2, topP: 0.9 },
])('tokens never drawn are not drawn, as if the model did not have them: %j', (sampling) => {
  const logits = Float32Array.of(9, 1, 8, 0.5, 7, 1.5);
  const rest = Float32Array.of(1, 0.5, 1.5);
  for (let seed = 0; seed < 50; seed++) {
    const drawn = createSampler(sampling, seed, [0, 2, 4]).sample(logits);
    expect(drawn).toBe([1, 3, 5][createSampler(sampling, seed).sample(rest)]);
  }
});

test.each([0, 0.8])(
  'logits without a finite number are an error of the model, at temperature %d',
  (temperature) => {
    const draw = (...logits: number[]): number =>
      createSampler({ temperature }, 1, [1]).sample(Float32Array.from(logits));
    for (const logits of [
      [NaN, NaN],
      [-Infinity, 3],
      [NaN, 5, -Infinity],
      [Infinity, 0, 1],
      [0, 1, Infinity],
    ]) {
      expect(() => draw(...logits)).toThrow(BundleError);
    }
    // What is no number is not drawn, wherever it stands.
    expect(draw(NaN, 9, 2)).toBe(2);
    expect(draw(2, 9, NaN)).toBe(0);
  },
);

test('a sampler takes no settings that make no sense', () => {
  expect(() => createSampler({ minP: 2 }, 1)).toThrow(/^minP: /);
  expect(() => createSampler({}, -1)).toThrow(/^seed: /);
});
