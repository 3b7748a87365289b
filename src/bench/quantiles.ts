/** How times per token are spread: means hide what happens once in a thousand tokens. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
}

/** Each the smallest value that at least such a part of the values do not exceed. */
export function quantiles(values: Float64Array): Quantiles {
  const sorted = values.slice().sort();
  const at = (q: number): number => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), p9999: at(0.9999), max: at(1) };
}
