/**
 * Plans from costs. The same table always gives the same plan; by default it is the built-in one, with which sums are the
 * same everywhere, bit by bit. (What a machine's own tiles cost, see wisdom.ts.)
 */
import { flatLevels, sidesOf } from '../schedule/index.js';
import { COSTS, type CostTable } from './costs.js';
import { FLAT_SIDE, SMALLEST_FFT, type LevelPlan, type Plan } from './plan.js';

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
  const plan = binaryPlan(length, costs);
  return plan.levels.at(-1)?.tau === 'fft' ? recomputing({ ...plan, folded: true }) : [];
}

/**
 * A plan of flat latency: the cheapest one for blocks of `side` positions, and deferred tiles above. No step takes
 * longer than an urgent tile of that side. The largest deferred tiles recompute their spectra: three times in a run.
 */
export function flatPlan(length: number, costs: CostTable = COSTS, side = FLAT_SIDE): Plan {
  return flatPlans(length, costs, side)[0];
}

/** Flat plans for a given memory, from the cheapest in time to the leanest. */
export function flatPlans(length: number, costs: CostTable = COSTS, side = FLAT_SIDE): Plan[] {
  const above = flatLevels(side, length).map((level) => ({ ...level, tau: 'fft' as const }));
  // Below, the same for every length: then so are the sums, bit by bit, where the filter has all `filterRows`.
  const levels = planFor(side, costs)
    .levels.filter((level) => level.side < length)
    .map((level) => ({ ...level, fanOut: Math.min(level.fanOut, Math.ceil(length / level.side)) }));
  const [kept, ...leaner] = recomputing({ length, levels: [...levels, ...above] });
  return leaner.length > 0 ? leaner : [kept];
}

/** With the spectra of the filter recomputed, there are three transforms to a tile instead of two. */
const RECOMPUTED = 1.5;

/**
 * What a level costs by a table. Past the end of a row, a direct tile has lost for good; the cost of an FFT grows so
 * slowly that its last entry will do.
 */
export function costOf(level: LevelPlan, costs: CostTable = COSTS): number {
  const { side, fanOut, tau, form, recompute } = level;
  if (recompute) return RECOMPUTED * costOf({ side, fanOut, tau, form }, costs);
  // A binary level has half a tile per child. An adjacent one has one per child; a deferred one has one and a half
  // forward transforms and products, and one inverse transform.
  if (form !== undefined) {
    return (form === 'adjacent' ? 2 : 2.6) * costOf({ side, fanOut: 2, tau }, costs);
  }
  if (tau === 'ndarray-fft' || (tau === 'fft' && side < SMALLEST_FFT)) return Infinity;
  const row = costs[tau][fanOut] ?? [];
  const log = Math.log2(side);
  return row[log] ?? (tau === 'fft' && log >= row.length ? row[row.length - 1] : undefined) ?? Infinity;
}

/** What a plan costs by a table, ns per token and channel. */
export function planCost(plan: Plan, costs: CostTable = COSTS): number {
  return plan.levels.reduce((sum, level) => sum + costOf(level, costs), 0);
}

/** A plan, and the same with the spectra of its largest side recomputed, of its two largest, and so on. */
function recomputing(plan: Plan): Plan[] {
  const plans = [plan];
  const { levels } = plan;
  for (let first = levels.length - 1; first >= 0; first--) {
    const { side, fanOut, tau } = levels[first];
    if (side < SMALLEST_RECOMPUTED || tau !== 'fft' || fanOut > 2) break;
    const leaner = levels.map((level, k) => (k < first ? level : { ...level, recompute: true as const }));
    plans.push({ ...plan, levels: leaner });
  }
  return plans;
}

function distinct(plans: readonly Plan[]): Plan[] {
  return [...new Map(plans.map((plan) => [JSON.stringify(plan), plan])).values()];
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
      for (const tau of ['direct', 'fft'] as const) {
        const level = { side, fanOut, tau };
        const cost = below.cost + costOf(level, costs);
        if (best === undefined || cost < best.cost) best = { cost, levels: [...below.levels, level] };
      }
    }
    if (best === undefined) throw new RangeError(`no fan-out in the table makes blocks of ${block}`);
    ways.push(best);
  }
  const levels = ways[ways.length - 1].levels.map((level) => ({
    ...level,
    // Children past the end do not exist.
    fanOut: Math.min(level.fanOut, Math.ceil(length / level.side)),
  }));
  return { length, levels };
}

function fanOutsOf(costs: CostTable): number[] {
  const names = new Set([...Object.keys(costs.direct), ...Object.keys(costs.fft)]);
  return [...names].map(Number).sort((a, b) => a - b);
}
