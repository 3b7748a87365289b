/** Where one thing becomes faster than another. */
import { estimate } from './estimate.js';

/** How many times as long the one takes as the other up to a length, in each of some pairs of runs. */
export interface Lead {
  readonly length: number;
  readonly ratios: readonly number[];
}

/** Of the lengths that were measured. */
export interface Crossing {
  /** The smallest length from which on the median ratio is above 1. */
  readonly from: number;
  /** The same of the bounds of its 95% interval; `high` is null where the lower one is not at the longest. */
  readonly low: number;
  readonly high: number | null;
}

/** Null: not even at the greatest length is the median ratio above 1. */
export function crossing(leads: readonly Lead[]): Crossing | null {
  const known = leads
    .map(({ length, ratios }) => ({ length, ...estimate(ratios) }))
    .sort((a, b) => a.length - b.length);
  const since = (bound: 'median' | 'low' | 'high'): number | null => {
    const last = known.findLastIndex((each) => each[bound] <= 1);
    return known[last + 1]?.length ?? null;
  };
  const from = since('median');
  // The upper bound is nowhere below the median.
  return from === null ? null : { from, low: since('high')!, high: since('low') };
}
