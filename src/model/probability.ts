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
