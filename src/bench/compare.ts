/** Two runs, or several of each, side by side: which figures changed by more than chance changes them. */
import { type Estimate, estimate } from './estimate.js';
import type { BenchReport } from './report.js';

/** `same`: within noise, or too little measured to say. */
export type Verdict = 'slower' | 'faster' | 'same' | 'unknown';

export interface Comparison {
  readonly label: string;
  /** ms. */
  readonly before: Estimate;
  readonly after: Estimate;
  /** After over before, of the medians. */
  readonly ratio: number;
  readonly verdict: Verdict;
}

/** Fewer samples show nothing of how a figure varies. */
const FEWEST = 3;

/**
 * Rows that both have. A figure has changed if its interval lies apart from what it was and its median differs by more than
 * `threshold`, a share; what is estimated or was measured less than three times is not judged.
 */
export function compareRuns(
  before: readonly BenchReport[],
  after: readonly BenchReport[],
  threshold: number,
): Comparison[] {
  const [old, fresh] = [figures(before), figures(after)];
  return [...fresh].flatMap(([label, values]) => {
    const known = old.get(label);
    return known === undefined ? [] : [compare(label, known, values, threshold)];
  });
}

function compare(label: string, before: Estimate, after: Estimate, threshold: number): Comparison {
  const ratio = after.median / before.median;
  const judged = Math.min(before.samples.length, after.samples.length) >= FEWEST;
  const changed = (slow: Estimate, fast: Estimate): boolean =>
    slow.low > fast.high && slow.median > fast.median * (1 + threshold);
  const verdict = !judged
    ? 'unknown'
    : changed(after, before)
      ? 'slower'
      : changed(before, after)
        ? 'faster'
        : 'same';
  return { label, before, after, ratio, verdict };
}

/** What is compared, by what it is a figure of. Of several runs, each run's median is a sample. */
function figures(runs: readonly BenchReport[]): Map<string, Estimate> {
  const byLabel = new Map<string, Estimate[]>();
  const add = (label: string, value: Estimate): void => {
    byLabel.set(label, [...(byLabel.get(label) ?? []), value]);
  };
  for (const { mixing, endToEnd } of runs) {
    for (const { variant, shape, threads, warmMs, coldMs, setupMs } of mixing) {
      const { convolutions, width, length, lanes } = shape;
      const size = `${convolutions} x ${width} x ${length}${lanes > 1 ? ` x ${lanes}` : ''}`;
      const label = `${variant} ${size}${threads > 1 ? ` -t ${threads}` : ''}`;
      add(`${label} warm`, warmMs);
      if (coldMs !== null) add(`${label} cold`, coldMs);
      add(`${label} set-up`, setupMs);
    }
    for (const { variant, lanes, totalMs, estimated } of endToEnd?.rows ?? []) {
      if (!estimated)
        add(`${endToEnd!.model} ${endToEnd!.length} ${variant}${lanes > 1 ? ` x ${lanes}` : ''}`, totalMs);
    }
  }
  return new Map(
    Array.from(byLabel, ([label, values]) => [
      label,
      values.length === 1 ? values[0] : estimate(values.map(({ median }) => median)),
    ]),
  );
}
