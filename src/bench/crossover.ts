/** Where one thing becomes faster than another. */

/** Both bounds, of the lengths that were measured. */
export interface Crossing {
  /** The smallest length from which on it is faster, as far as was measured. */
  readonly from: number;
  /** The greatest shorter length at which it is not; null: it is faster from the shortest on. */
  readonly after: number | null;
}

/** Lengths nearer to each other than this share are not told apart: times of whole runs are not, either. */
const FINE = 1 / 32;

/** @param faster at each length that was measured, whether it is; null if it is not at the longest */
export function crossing(faster: ReadonlyMap<number, boolean>): Crossing | null {
  let from: number | null = null;
  for (const [length, wins] of [...faster].sort(([a], [b]) => b - a)) {
    if (!wins) return from === null ? null : { from, after: length };
    from = length;
  }
  return from === null ? null : { from, after: null };
}

/** The length whose measuring would tell most of where the crossing is; null: it is known well enough, or nowhere. */
export function nextLength(faster: ReadonlyMap<number, boolean>): number | null {
  const found = crossing(faster);
  if (found === null || found.after === null) return null;
  const { from, after } = found;
  return from - after <= Math.max(1, from * FINE) ? null : Math.round((from + after) / 2);
}
