import { logprobsOf } from '../../src/generation/logprobs.js';

const LOGITS = Float32Array.of(1, -3, 2.5, 2.5, 0, 88, 87.5, -200);

test('log probabilities are the softmax over the whole vocabulary, ranked', () => {
  const largest = Math.max(...LOGITS);
  const sum = LOGITS.reduce((s, logit) => s + Math.exp(logit - largest), 0);
  const expected = Array.from(LOGITS, (logit) => logit - largest - Math.log(sum));
  const { id, logprob, top } = logprobsOf(LOGITS, 2, 5);
  expect(id).toBe(2);
  expect(logprob).toBeCloseTo(expected[2], 12);
  // Of those that are equal, the first.
  expect(top.map((token) => token.id)).toEqual([5, 6, 2, 3, 0]);
  for (const token of top) expect(token.logprob).toBeCloseTo(expected[token.id], 12);
  const all = logprobsOf(LOGITS, 0, LOGITS.length).top;
  expect(all.reduce((s, token) => s + Math.exp(token.logprob), 0)).toBeCloseTo(1, 12);
});

test('none but the token’s own, and more than there are', () => {
  expect(logprobsOf(LOGITS, 1, 0).top).toEqual([]);
  expect(logprobsOf(LOGITS, 1, 100).top).toHaveLength(LOGITS.length);
});
