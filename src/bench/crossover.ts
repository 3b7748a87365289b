/** Times by length. */
export type TimesByLength = readonly (readonly [length: number, ms: number])[];

/**
 * The smallest length, of those both were measured at, from which on the second takes less time than the first; null if it does
 * not at the longest.
 */
export function crossing(first: TimesByLength, second: TimesByLength): number | null {
  const others = new Map(second);
  let from: number | null = null;
  for (const [length, ms] of first.toSorted(([a], [b]) => b - a)) {
    const other = others.get(length);
    if (other === undefined) continue;
    if (other >= ms) break;
    from = length;
  }
  return from;
}
