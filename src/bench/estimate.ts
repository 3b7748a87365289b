/** What several measurements of one thing say of it. */

/** A median, with where it probably lies: samples as they were taken. */
export interface Estimate {
  readonly median: number;
  /** 95% interval of the median, by bootstrap; both the sample itself if there is one only. */
  readonly low: number;
  readonly high: number;
  readonly samples: readonly number[];
}

const RESAMPLES = 2000;
const CONFIDENCE = 0.95;

/** Of an even number of values, the mean of the middle two; NaN of none. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)] + sorted[Math.ceil(half) - 1]) / 2;
}

/**
 * The median with its bootstrap interval: the middle 95% of the medians of as many values, drawn from the samples with
 * replacement. The same samples always give the same interval.
 */
export function estimate(samples: readonly number[]): Estimate {
  const middle = median(samples);
  if (samples.length < 2) return { median: middle, low: middle, high: middle, samples };
  const random = new Draws(samples.length);
  const sorted = Float64Array.from(samples).sort();
  const medians = Float64Array.from({ length: RESAMPLES }, () => drawnMedian(sorted, random)).sort();
  const tail = (1 - CONFIDENCE) / 2;
  return {
    median: middle,
    low: medians[Math.floor(tail * RESAMPLES)],
    high: medians[Math.ceil((1 - tail) * RESAMPLES) - 1],
    samples,
  };
}

/** The median of as many values, drawn with replacement from sorted ones: by how often each rank is drawn. */
function drawnMedian(sorted: Float64Array, random: Draws): number {
  const count = sorted.length;
  const times = new Uint32Array(count);
  for (let k = 0; k < count; k++) times[random.below(count)]++;
  /** The value with `before` drawn ones before it. */
  const at = (before: number): number => {
    let rank = 0;
    for (let seen = times[0]; seen <= before; seen += times[rank]) rank++;
    return sorted[rank];
  };
  return (at((count - 1) >> 1) + at(count >> 1)) / 2;
}

/** A 32-bit congruential generator's upper bits: repeatable, and good enough to draw a sample. */
class Draws {
  constructor(private state: number) {}

  below(count: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * count);
  }
}
