/** Mixing by length, from the shortest up, and where tilings become faster than lazy. */
import { type Crossing, crossing, nextLength } from './crossover.js';
import { type BenchShape, measureMixing, type MixingOptions } from './mixing.js';
import type { LengthRow } from './report.js';
import { isTiling, type Tiling, type Variant } from './variants.js';

const SHORTEST = 2;
const ROUNDS = 7;
/** Of the time, what is kept for lengths between powers of two. */
const BETWEEN = 0.5;

/**
 * Powers of two below the length of `shape`, as many as there is time for, and then lengths between two of them, until it is clear
 * from which on each tiling is faster than lazy.
 *
 * @param known rows of the same shape at other lengths, which tell of crossings as well
 */
export async function measureLengths(
  variants: readonly Variant[],
  shape: BenchShape,
  known: readonly LengthRow[],
  options: MixingOptions & { readonly budgetMs: number },
): Promise<LengthRow[]> {
  const { clock = () => performance.now(), budgetMs } = options;
  const wanted = variants.filter((variant) => variant !== 'eager');
  const given = new Set(known.map(({ shape }) => shape.length));
  const rows: LengthRow[] = [];
  const begin = clock();
  const left = (): number => budgetMs - (clock() - begin);
  const measure = async (length: number): Promise<void> => {
    const cases = wanted.map((variant) => ({ variant, shape: { ...shape, length }, threads: 1 }));
    const how = { ...options, budgetMs: left(), rounds: ROUNDS, compiled: true };
    const measured = await measureMixing(cases, how);
    rows.push(
      ...measured.map(({ variant, shape, warmMs, setupMs, estimated }) => ({
        variant,
        shape,
        warmMs,
        setupMs,
        estimated,
      })),
    );
  };
  let last = 0;
  for (let length = SHORTEST; length < shape.length; length *= 2) {
    // Each takes about as long as all before it together, or more.
    if (2 * last > left() - BETWEEN * budgetMs) break;
    const begin = clock();
    if (!given.has(length)) await measure(length);
    last = clock() - begin;
  }
  const tilings = variants.filter(isTiling);
  for (let last = 0; left() > 2 * last;) {
    const open = tilings.map((tiling) => nextLength(faster([...known, ...rows], tiling)));
    const length = open.find((length) => length !== null);
    if (length === undefined || length === null) break;
    const begin = clock();
    await measure(length);
    if (!rows.some((row) => row.shape.length === length && row.variant === 'lazy')) break;
    last = clock() - begin;
  }
  return rows;
}

/** Where each tiling among the rows becomes faster than lazy. */
export function crossings(
  variants: readonly Variant[],
  rows: readonly LengthRow[],
): Partial<Record<Tiling, Crossing | null>> {
  return Object.fromEntries(
    variants.filter(isTiling).map((tiling) => [tiling, crossing(faster(rows, tiling))]),
  );
}

function faster(rows: readonly LengthRow[], tiling: Tiling): Map<number, boolean> {
  const of = (wanted: Variant): Map<number, number> =>
    new Map(
      rows
        .filter(({ variant }) => variant === wanted)
        .map(({ shape, warmMs }) => [shape.length, warmMs.median]),
    );
  const [lazy, own] = [of('lazy'), of(tiling)];
  return new Map(
    [...own].filter(([length]) => lazy.has(length)).map(([length, ms]) => [length, ms < lazy.get(length)!]),
  );
}
