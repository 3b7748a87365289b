import { checkToken } from './token.js';
import type { LogitsChunk } from './types.js';

/**
 * Log probabilities of each token but the first, given those before it. `chunksOf` gives the logits after each of the ids
 * that it is handed, which are all but the last.
 */
export async function scoresOf(
  ids: ArrayLike<number>,
  vocabulary: number,
  chunksOf: (given: readonly number[]) => AsyncIterable<Pick<LogitsChunk, 'start' | 'rows' | 'logits'>>,
): Promise<Float64Array> {
  if (ids.length > 0) checkToken(ids[ids.length - 1], vocabulary);
  if (ids.length < 2) return new Float64Array(0);
  const given = Array.prototype.slice.call(ids, 0, -1) as number[];
  const scores = new Float64Array(given.length);
  for await (const { start, rows, logits } of chunksOf(given)) {
    for (let row = 0; row < rows; row++) {
      scores[start + row] = logProbability(logits, ids[start + row + 1], vocabulary, row * vocabulary);
    }
  }
  return scores;
}

/**
 * Natural logarithm of the softmax probability of `token` in the row of `vocabulary` logits that starts at
 * `offset`, summed in float64.
 */
export function logProbability(
  logits: Float32Array,
  token: number,
  vocabulary = logits.length,
  offset = 0,
): number {
  let max = -Infinity;
  for (let v = offset; v < offset + vocabulary; v++) if (logits[v] > max) max = logits[v];
  let sum = 0;
  for (let v = offset; v < offset + vocabulary; v++) sum += Math.exp(logits[v] - max);
  return logits[offset + token] - max - Math.log(sum);
}
