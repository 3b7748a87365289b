/** Which positions of a run are measured, where not all can be. */

/** Consecutive positions that count at each sampled place. */
const COUNTED = 8;
/**
 * Engines do something more every so many positions at most (a power of two). Places begin at such phases that, together, they
 * meet each phase equally often, if there are enough of them.
 */
const PERIOD = 256;

/** Positions that are measured: all, or runs of consecutive ones, one in each of a number of equal strata. */
export interface Sampling {
  readonly length: number;
  readonly measured: { has(position: number): boolean };
  /** Of each stratum, the positions that count: those before them bring into caches what these find there. Empty: all count. */
  readonly strata: readonly (readonly number[])[];
}

/**
 * Samples `count` places.
 *
 * @param warmUps positions measured before those that count, as many as it takes until caches hold what they hold in a run that
 * leaves none out; by position
 */
export function sampling(length: number, count: number, warmUps: (position: number) => number): Sampling {
  const width = length / count;
  const measured = new Set<number>();
  const strata: number[][] = [];
  for (let k = 0; k < count; k++) {
    const from = beginning(k, width);
    const warm = Math.max(0, Math.ceil(k * width), from - warmUps(from));
    for (let t = warm; t < from + COUNTED; t++) measured.add(t);
    strata.push(Array.from({ length: COUNTED }, (_, n) => from + n));
  }
  return width < COUNTED || measured.size >= length / 2 ? everything(length) : { length, measured, strata };
}

/** All positions are measured, and count. */
export function everything(length: number): Sampling {
  return { length, measured: { has: () => true }, strata: [] };
}

/** Where the positions that count begin in a stratum: as near to its middle as their phase allows. */
function beginning(k: number, width: number): number {
  const middle = Math.floor((k + 0.5) * width) - COUNTED / 2;
  if (width < 2 * PERIOD) return Math.max(0, middle);
  const ahead = (((k * COUNTED - middle) % PERIOD) + PERIOD) % PERIOD;
  return middle + (ahead < PERIOD / 2 ? ahead : ahead - PERIOD);
}
