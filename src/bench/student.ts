/** Student's t: how far means of few values may be off. */

/** Quantiles by degrees of freedom, from 1 on; beyond the last, the normal distribution's is near enough. */
const QUANTILES = {
  0.975: [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
    2.12, 2.11, 2.101, 2.093, 2.086,
  ],
  0.999: [
    318.31, 22.327, 10.215, 7.173, 5.893, 5.208, 4.785, 4.501, 4.297, 4.144, 4.025, 3.93, 3.852, 3.787, 3.733,
    3.686, 3.646, 3.61, 3.579, 3.552,
  ],
} as const;
const NORMAL = { 0.975: 1.96, 0.999: 3.09 } as const;

export function quantileOfT(level: keyof typeof QUANTILES, freedom: number): number {
  const row = QUANTILES[level];
  return freedom > row.length ? NORMAL[level] : row[Math.max(1, Math.floor(freedom)) - 1];
}

/** Mean, and variance without bias; 0 of one value. */
export function moments(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: values.length < 2 ? 0 : squares / (values.length - 1) };
}

/**
 * Whether the mean of `a` is greater than that of `b`, which chance shows of equal ones once in a thousand times: Welch's test,
 * of values of any two variances.
 *
 * @param wander standard deviation of what all values of one have in common, and those of the other have not
 */
export function isGreater(a: readonly number[], b: readonly number[], wander = 0): boolean {
  const [first, second] = [moments(a), moments(b)];
  const [u, v] = [first.variance / a.length, second.variance / b.length];
  const all = u + v + 2 * wander ** 2;
  if (all === 0) return first.mean > second.mean;
  // The wander is known, not estimated from these values: it has as many degrees of freedom as one likes.
  const freedom = all ** 2 / (u ** 2 / (a.length - 1) + v ** 2 / (b.length - 1));
  return (first.mean - second.mean) / Math.sqrt(all) > quantileOfT(0.999, freedom);
}
