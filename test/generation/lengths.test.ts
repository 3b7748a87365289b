import { countWithin, DEFAULT_COUNT, lengthsOf } from '../../src/generation/lengths.js';
import { readingOf, STEPS } from '../../src/generation/reading.js';

test('short prompts are read in steps, those not longer than the text filled in, others offline', () => {
  const cases: [number, number, string][] = [
    [1, 1, 'steps'],
    [STEPS, 1, 'steps'],
    [STEPS, 10_000, 'steps'],
    [STEPS + 1, STEPS, 'offline'],
    [STEPS + 1, STEPS + 1, 'fill'],
    [5000, 4999, 'offline'],
    [5000, 5000, 'fill'],
  ];
  for (const [prompt, ahead, reading] of cases)
    expect([prompt, ahead, readingOf(prompt, ahead)]).toEqual([prompt, ahead, reading]);
});

test.each([
  // prompt, count -> positions: one for each token but the last, and for a prompt that is not forgotten
  [1, 1, 2],
  [64, 1, 65],
  [64, 100, 163],
  [65, 1, 1],
  [65, 65, 64],
  [65, 66, 130],
  [65, 67, 131],
  [5000, 5000, 4999],
  [5000, 5001, 10_000],
])('after %i tokens, %i more take %i positions', (prompt, count, positions) => {
  expect(lengthsOf(prompt, count, 131_072).positions).toBe(positions);
});

test('a prompt that fills the context leaves no position ahead of it', () => {
  expect(lengthsOf(1000, 1, 1000)).toEqual({ reading: 'offline', ahead: 0, positions: 1 });
  expect(lengthsOf(50, 1, 50)).toEqual({ reading: 'steps', ahead: 0, positions: 50 });
  expect(lengthsOf(999, 2, 1000)).toEqual({ reading: 'offline', ahead: 1, positions: 1 });
});

test('positions never pass the context, nor twice what is to come and the longest prompt read in steps', () => {
  const context = 1000;
  for (let prompt = 1; prompt <= context; prompt += 13) {
    for (let count = 1; count <= context + 1 - prompt; count += 7) {
      const { positions, ahead } = lengthsOf(prompt, count, context);
      expect(positions).toBeLessThanOrEqual(context);
      expect(positions).toBeLessThanOrEqual(Math.max(1, 2 * ahead, ahead + STEPS));
    }
  }
});

test('how many tokens', () => {
  expect(countWithin(1000, undefined, 5)).toBe(DEFAULT_COUNT);
  expect(countWithin(10, undefined, 5)).toBe(10);
  expect(countWithin(1000, -1, 5)).toBe(1000);
  expect(countWithin(1000, 1000, 5)).toBe(1000);
  expect(() => countWithin(1000, 1001, 5)).toThrow('after 5 tokens there is room for 1000, not 1001');
  for (const count of [undefined, -1, 1]) expect(() => countWithin(0, count, 5)).toThrow(/no room for more/);
});
