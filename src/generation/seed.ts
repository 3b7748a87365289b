/**
 * A seed's 128 bits of state: a counter that starts at the seed, four times through a mixer in which each bit of what
 * goes in turns half of those that come out (the finaliser of MurmurHash3).
 *
 * Generators of the xorshift family want such a start: given a small seed as it is, the first number drawn is the same to
 * six digits for all of them, and close to 1, which is a token from the tail.
 */
export function seededState(seed: number): number[] {
  return [1, 2, 3, 4].map((k) => mix(seed + Math.imul(k, 0x9e3779b9)));
}

function mix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
