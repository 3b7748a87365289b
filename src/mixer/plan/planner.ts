/**
 * Plans from costs. The same table always gives the same plan; by default it is the built-in one, with which sums are the
 * same everywhere, bit by bit. (What a machine's own tiles cost, see wisdom.ts.)
 */
import { FLAT_FAN_OUT, flatLevels, sidesOf, tilesOf } from '../schedule/index.js';
import type { FilterKind } from '../shape.js';
import { COSTS, type CostTable, type LevelCosts } from './costs.js';
import { FLAT_SIDE, recomputes, SMALLEST_FFT, type LevelKind, type LevelPlan, type Plan } from './plan.js';

/** The smallest side whose spectra are worth recomputing: below, they take little memory and have many tiles to serve. */
const SMALLEST_RECOMPUTED = 256;

/** The cheapest plan by a table of measured costs, among all fan-outs in the table. */
export function planFor(length: number, costs: CostTable = COSTS): Plan {
  return cheapest(length, costs, fanOutsOf(costs));
}

/** The paper's hybrid: a fan-out of 2 everywhere, and for each side the cheaper implementation. */
export function binaryPlan(length: number, costs: CostTable = COSTS): Plan {
  return cheapest(length, costs, [2]);
}

/**
 * Plans for a given memory, from the cheapest in time to the leanest. What fan-outs keep grows with the block, so they are
 * given up from the largest blocks down, to a fan-out of 2 everywhere; then that plan's spectra, from the largest side down.
 */
export function plansFor(length: number, costs: CostTable = COSTS): Plan[] {
  const plans = [planFor(length, costs)];
  for (const block of sidesOf(length).reverse()) plans.push(cheapest(length, costs, fanOutsOf(costs), block));
  return distinct([...plans, ...recomputing(binaryPlan(length, costs))]);
}

/**
 * Plans in half the slots: the recomputing ones of `plansFor`, folded. Where there is a prompt, its pending sums only have
 * room for half of the positions.
 */
export function foldedPlans(length: number, costs: CostTable = COSTS): Plan[] {
  const { levels } = binaryPlan(length, costs);
  const last = levels.at(-1);
  if (last?.kind !== 'fft') return [];
  return recomputing({ length, levels: [...levels.slice(0, -1), { kind: 'folding', side: last.side }] });
}

/**
 * Plans for filters of a kind, from the cheapest in time to the leanest: `plansFor`, or, if that is cheaper, what makes use of
 * the filters being of that kind. All are exact.
 */
export function plansForFilter(length: number, filter: FilterKind, costs: CostTable = COSTS): Plan[] {
  if (filter.kind === 'data-dependent') return [dataDependentPlan(length)];
  const plans = plansFor(length, costs);
  const last = lastLevel(filter);
  if (last === undefined || last.side >= length) return plans;
  const plan = ringPlan(length, last);
  // A window's tiles are some of those of any tiling.
  return filter.kind === 'window' || planCost(plan, costs) < planCost(plans[0], costs) ? [plan] : plans;
}

/** The binary tiling: what each tile takes is known of the beginnings of inputs and taps, whose spectra are kept. */
function dataDependentPlan(length: number): Plan {
  return {
    length,
    levels: sidesOf(length).map((side) =>
      side < 2 * SMALLEST_FFT ? { kind: 'direct', side, fanOut: 2 } : { kind: 'fft', side },
    ),
  };
}

/** The level above which filters of a kind leave nothing to be done. */
function lastLevel(filter: FilterKind): LevelPlan | undefined {
  switch (filter.kind) {
    case 'long':
    case 'data-dependent':
      return undefined;
    case 'window':
      return {
        kind: 'window',
        // Its tiles reach two blocks.
        side: Math.max(SMALLEST_FFT, 2 ** Math.ceil(Math.log2(Math.max(1, (filter.taps - 1) / 2)))),
      };
    case 'modal': {
      const { modes, complex } = filter;
      return { kind: 'recurrence', side: RECURRENCE_SIDE, modes, ...(complex && { complex }) };
    }
  }
}

/** Fan-out of a ring's first level, which is part of reading the sums, and at most of the second one, which is direct, too. */
const WITHIN = { first: 8, second: 4 };

/**
 * A plan with a single level above blocks of its side. Above a few positions, tiles within the blocks are binary: such mixers
 * are wide, and what fans keep would come from memory for every tile.
 */
function ringPlan(length: number, last: LevelPlan): Plan {
  const { first } = WITHIN;
  const second = Math.min(WITHIN.second, last.side / first);
  const transformed = sidesOf(last.side).filter((side) => side >= first * second);
  return {
    length,
    levels: [
      { kind: 'direct', side: 1, fanOut: first },
      { kind: 'direct', side: first, fanOut: second },
      ...transformed.map((side): LevelPlan => ({ kind: 'fft', side })),
      last,
    ],
  };
}

/**
 * A plan of flat latency: the cheapest one for blocks of `FLAT_SIDE` positions, and delayed levels above. No step takes
 * longer than an urgent tile of that side.
 */
export function flatPlan(length: number, costs: CostTable = COSTS): Plan {
  return flatPlans(length, costs)[0];
}

/** Flat plans for a given memory, from the cheapest in time to the leanest. */
export function flatPlans(length: number, costs: CostTable = COSTS): Plan[] {
  const above = flatLevels(FLAT_SIDE, length);
  // Below, the same for every length: then so are the sums, bit by bit, where the filter has all `filterRows`.
  const below = planFor(FLAT_SIDE, costs)
    .levels.filter(({ side }) => side < length)
    .map((level) => clipped(level, length));
  const delayed = above.map(({ side }): LevelPlan => ({ kind: 'delayed', side }));
  const [kept, ...leaner] = recomputing({ length, levels: [...below, ...delayed] });
  // What is needed once need not be kept.
  const once = above.length > 0 && tilesOf(above.at(-1)!, length) === 1;
  return once && leaner.length > 0 ? leaner : [kept, ...leaner];
}

/** With the spectra of the filter recomputed, there are three transforms to a tile instead of two. */
const RECOMPUTED = 1.5;

/**
 * Of a delayed level's tile, which takes what a fan's does and transforms of two and a half blocks of taps, and one and a half
 * of inputs.
 */
const RECOMPUTED_DELAYED = 2.5;

/** Nanoseconds of a recurrence for each mode, per token and channel. Measured where `COSTS` was. */
const RECURRENCE = { real: 0.1, complex: 0.25 };

/** Positions of a recurrence's block. With more, tiles within blocks cost more than states that come less often save. */
const RECURRENCE_SIDE = 16;

/**
 * What a level of each kind costs. A binary level has half a tile per child; a delayed one has one, of two and a half children on
 * average, where a fan has three quarters of one, of two.
 */
const COST: { readonly [K in LevelKind]: (level: LevelPlan & { kind: K }, costs: CostTable) => number } = {
  direct: ({ side, fanOut }, { direct }) => rowOf(direct, fanOut)[Math.log2(side)] ?? Infinity,
  fft: ({ side }, costs) => fftCost(side, 2, costs),
  fan: ({ side, fanOut }, costs) => fftCost(side, fanOut, costs),
  folding: ({ side }, costs) => fftCost(side, 2, costs),
  delayed: ({ side }, costs) => 1.4 * fftCost(side, FLAT_FAN_OUT, costs),
  reference: () => Infinity,
  window: ({ side }, costs) => 2.2 * fftCost(side, 2, costs),
  recurrence: ({ modes, complex }) => modes * RECURRENCE[complex ? 'complex' : 'real'],
};

/** What a level costs by a table, ns per token and channel. */
export function costOf(level: LevelPlan, costs: CostTable = COSTS): number {
  const cost = COST[level.kind] as (level: LevelPlan, costs: CostTable) => number;
  const recomputed = level.kind === 'delayed' ? RECOMPUTED_DELAYED : RECOMPUTED;
  return cost(level, costs) * (recomputes(level) ? recomputed : 1);
}

/** What a plan costs by a table, ns per token and channel. */
export function planCost(plan: Plan, costs: CostTable = COSTS): number {
  return plan.levels.reduce((sum, level) => sum + costOf(level, costs), 0);
}

/** Costs for a number of children: of blocks that are clipped, those of the next larger ones in the table. */
function rowOf(levels: LevelCosts, fanOut: number): readonly number[] {
  const next = Math.min(
    ...Object.keys(levels)
      .map(Number)
      .filter((known) => known >= fanOut),
  );
  return levels[next] ?? [];
}

/** Past the end of a row, a direct tile has lost for good; an FFT's cost grows so slowly that the last entry will do. */
function fftCost(side: number, fanOut: number, { fft }: CostTable): number {
  if (side < SMALLEST_FFT) return Infinity;
  const row = rowOf(fft, fanOut);
  return row[Math.min(Math.log2(side), row.length - 1)] ?? Infinity;
}

/** A plan, and the same with the spectra of its largest side recomputed, of its two largest, and so on. */
function recomputing(plan: Plan): Plan[] {
  const plans = [plan];
  const { length, levels } = plan;
  for (let first = levels.length - 1; first >= 0; first--) {
    const { side } = levels[first];
    if (side < SMALLEST_RECOMPUTED || 'fanOut' in levels[first]) break;
    const leaner = levels.map((level, k) =>
      k < first || 'fanOut' in level ? level : { ...level, recompute: true as const },
    );
    plans.push({ length, levels: leaner });
  }
  return plans;
}

function distinct(plans: readonly Plan[]): Plan[] {
  return [...new Map(plans.map((plan) => [JSON.stringify(plan), plan])).values()];
}

/** A level without the children that would begin past the end. */
function clipped(level: LevelPlan, length: number): LevelPlan {
  if (!('fanOut' in level)) return level;
  const fanOut = Math.min(level.fanOut, Math.ceil(length / level.side));
  return level.kind === 'fan' && fanOut === 2 ? { kind: 'fft', side: level.side } : { ...level, fanOut };
}

/**
 * Blocks are powers of two, and what a level costs does not depend on the others: so the cheapest way to each block
 * extends the cheapest way to some smaller one.
 */
function cheapest(
  length: number,
  costs: CostTable,
  fanOuts: readonly number[],
  /** Larger blocks have a fan-out of 2. */
  most = Infinity,
): Plan {
  interface Way {
    readonly cost: number;
    readonly levels: readonly LevelPlan[];
  }
  const ways: Way[] = [{ cost: 0, levels: [] }];
  for (const half of sidesOf(length)) {
    const block = 2 * half;
    let best: Way | undefined;
    for (const fanOut of fanOuts) {
      const side = block / fanOut;
      if (!Number.isInteger(side) || (block > most && fanOut > 2)) continue;
      const below = ways[Math.log2(side)];
      const transformed: LevelPlan = fanOut === 2 ? { kind: 'fft', side } : { kind: 'fan', side, fanOut };
      for (const level of [{ kind: 'direct', side, fanOut } as const, transformed]) {
        const cost = below.cost + costOf(level, costs);
        if (best === undefined || cost < best.cost) best = { cost, levels: [...below.levels, level] };
      }
    }
    if (best === undefined) throw new RangeError(`no fan-out in the table makes blocks of ${block}`);
    ways.push(best);
  }
  return { length, levels: ways[ways.length - 1].levels.map((level) => clipped(level, length)) };
}

function fanOutsOf(costs: CostTable): number[] {
  const names = new Set([...Object.keys(costs.direct), ...Object.keys(costs.fft)]);
  return [...names].map(Number).sort((a, b) => a - b);
}
