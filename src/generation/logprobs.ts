import { ranked } from './ranking.js';

/** How probable a token is. */
export interface TokenLogprob {
  readonly id: number;
  /** Natural logarithm of the probability. */
  readonly logprob: number;
}

/** Those of a drawn token, and of the most likely ones in its place. */
export interface Logprobs extends TokenLogprob {
  /** The most likely tokens, most likely first. */
  readonly top: readonly TokenLogprob[];
}

/**
 * How probable the model holds a token and the `count` most likely ones: the softmax of its logits over the whole
 * vocabulary, before penalties, temperature and cuts. Summed in float64.
 *
 * @param logits `[vocabulary]`
 */
export function logprobsOf(logits: Float32Array, id: number, count: number): Logprobs {
  const [best] = ranked(logits, 1);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - logits[best]);
  const normaliser = logits[best] + Math.log(sum);
  const of = (id: number): TokenLogprob => ({ id, logprob: logits[id] - normaliser });
  return { ...of(id), top: count === 0 ? [] : Array.from(ranked(logits, count), of) };
}
