/** What several measurements of one thing say of it. */
import { moments, quantileOfT } from './student.js';

/** A median, with where it probably lies: samples as they were taken. */
export interface Estimate {
  readonly median: number;
  /** 95% interval of the median; both the sample itself if there is one only. */
  readonly low: number;
  readonly high: number;
  readonly samples: readonly number[];
}

const CONFIDENCE = 0.95;

/** Of an even number of values, the mean of the middle two; NaN of none. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)] + sorted[Math.ceil(half) - 1]) / 2;
}

/** Of fewer values, not even the least and the greatest hold the median between them 95 times of 100. */
const ENOUGH = 6;

/**
 * The median with its interval. By bootstrap: the middle 95% of the medians of as many values, drawn from the samples with
 * replacement. Of few samples, by Student's t of their logarithms.
 *
 * @param wander standard deviation, as a share, of what all samples have in common and another set of samples would not: how fast
 * the machine was. The interval is wider by it.
 */
export function estimate(samples: readonly number[], wander = 0): Estimate {
  const middle = median(samples);
  if (samples.length < 2) return { median: middle, low: middle, high: middle, samples };
  const [low, high] = samples.length < ENOUGH ? byStudent(samples, middle) : byBootstrap(samples);
  return { median: middle, low: low * Math.exp(-wander), high: high * Math.exp(wander), samples };
}

function byStudent(samples: readonly number[], middle: number): [low: number, high: number] {
  const count = samples.length;
  const { variance } = moments(samples.map(Math.log));
  const wide = Math.exp(quantileOfT(0.975, count - 1) * Math.sqrt(variance / count));
  return [Math.min(middle / wide, ...samples), Math.max(middle * wide, ...samples)];
}

/**
 * What drawing as many values again and again would come to: their median is no more than the k-th of the n samples where at least
 * half of n draws are, each with probability k / n.
 */
function byBootstrap(samples: readonly number[]): [low: number, high: number] {
  const sorted = Float64Array.from(samples).sort();
  const count = sorted.length;
  let k = 1;
  while (atLeastHalf(count, k / count) < (1 - CONFIDENCE) / 2) k++;
  return [sorted[k - 1], sorted[count - k]];
}

/** The probability that at least half of n independent events happen that happen with probability p each. */
function atLeastHalf(n: number, p: number): number {
  const half = Math.ceil(n / 2);
  let term = (1 - p) ** n;
  let below = 0;
  for (let events = 0; events < half; events++) {
    below += term;
    term *= ((n - events) / (events + 1)) * (p / (1 - p));
  }
  return 1 - below;
}
