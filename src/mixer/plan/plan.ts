import { MOST_CHILDREN } from '../kernel/kernels.js';
import { flatLevels, sidesOf, type Level } from '../schedule.js';
import { COSTS, costOf, type CostTable } from './costs.js';

/** The implementations of a tile's contribution (the paper's tau). */
export type TauName = 'direct' | 'fft' | 'ndarray-fft';

/** How the tiles of one level are computed. */
export interface LevelPlan extends Level {
  readonly tau: TauName;
  /**
   * Spectra of the filter are computed from the taps whenever a tile needs them, instead of kept: for large sides, whose
   * spectra take the most memory and have the fewest tiles to serve. For FFTs with one product.
   */
  readonly recompute?: true | undefined;
}

/** A mixer's recipe: plain data, which can be printed, stored, compared and tested. */
export interface Plan {
  /** Positions the plan is for (L). */
  readonly length: number;
  /**
   * Ascending. The first has side 1, each next one the block (side times fan-out) of the one before; the last block holds
   * `length`, or is the side of a flat tiling's adjacent and deferred levels.
   */
  readonly levels: readonly LevelPlan[];
  /**
   * The second half of the positions uses the slots of the first, which the last level's only tile, of half the length,
   * overwrites with what it contributes: no other tile crosses the middle. Half the memory for activations.
   */
  readonly folded?: true | undefined;
}

/** The smallest side of FFT tiles. Direct tiles are faster up to there. */
export const SMALLEST_FFT = 16;

/**
 * The largest side of a flat plan's urgent tiles. A tile of this side takes about as long as 1/5 of a step of a small model;
 * smaller sides would defer more, at a higher price per level.
 */
export const FLAT_SIDE = 64;

/** Larger blocks would keep spectra that take more memory than all else does, to save some 5% of the time. */
const LARGEST_FAN = 16384;

/**
 * The cheapest plan by a table of measured costs, among all fan-outs in the table; but large blocks have a fan-out of
 * 2, so that the plan takes hardly more memory than the binary one.
 */
export function planFor(length: number, costs: CostTable = COSTS): Plan {
  return cheapest(length, costs, fanOutsOf(costs), LARGEST_FAN);
}

/** The paper's hybrid: a fan-out of 2 everywhere, and for each side the cheaper implementation. */
export function binaryPlan(length: number, costs: CostTable = COSTS): Plan {
  return cheapest(length, costs, [2]);
}

/**
 * Plans for a given memory, from the cheapest in time to the binary one, which keeps no spectra of inputs. What
 * fan-outs keep grows with the block, so they are given up from the largest blocks down.
 */
export function plansFor(length: number, costs: CostTable = COSTS): Plan[] {
  const plans = [cheapest(length, costs, fanOutsOf(costs))];
  for (const block of sidesOf(length).reverse()) plans.push(cheapest(length, costs, fanOutsOf(costs), block));
  return plans;
}

/**
 * A plan of flat latency: the cheapest one for blocks of `side` positions, and deferred tiles above. No step takes
 * longer than an urgent tile of that side.
 */
export function flatPlan(length: number, costs: CostTable = COSTS, side = FLAT_SIDE): Plan {
  const above = flatLevels(side, length);
  const { levels } = planFor(above.length > 0 ? side : length, costs);
  return { length, levels: [...levels, ...above.map((level) => ({ ...level, tau: 'fft' as const }))] };
}

/** What a plan costs by a table, ns per token and channel. */
export function planCost(plan: Plan, costs: CostTable = COSTS): number {
  return plan.levels.reduce((sum, level) => sum + costOf(costs, level), 0);
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
        const cost = below.cost + costOf(costs, level);
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

/** Throws a RangeError unless a plan (which may come from a file) fits a length. */
export function checkPlan(plan: Plan, length: number): void {
  if (plan.length !== length) throw new RangeError(`the plan is for length ${plan.length}, not ${length}`);
  const blocks = plan.levels.filter(({ form }) => form === undefined);
  let block = 1;
  blocks.forEach(({ side, fanOut, tau, recompute }, k) => {
    if (block >= length) throw new RangeError(`level ${k} of the plan begins past the length ${length}`);
    if (side !== block) throw new RangeError(`level ${k} of the plan has side ${side}, expected ${block}`);
    if (!Number.isInteger(fanOut) || fanOut < 2 || fanOut > length) {
      throw new RangeError(`fan-out: expected a whole number from 2 to ${length}, got ${fanOut}`);
    }
    if (tau !== 'direct' && tau !== 'fft' && tau !== 'ndarray-fft') {
      throw new RangeError(`unknown tile implementation ${String(tau)} for side ${side}`);
    }
    if (side === 1 && tau !== 'direct') throw new RangeError(`tiles of side 1 are direct, not ${tau}`);
    if (tau === 'fft') {
      checkFftSide(side);
      if (fanOut > MOST_CHILDREN) {
        throw new RangeError(`fft tiles have a fan-out of at most ${MOST_CHILDREN}, not ${fanOut}`);
      }
    }
    if (recompute && (tau !== 'fft' || fanOut > 2)) {
      throw new RangeError(
        `level ${k} of the plan cannot recompute spectra: only fft tiles of fan-out 2 can`,
      );
    }
    block *= fanOut;
  });
  if (plan.folded) {
    const last = plan.levels.at(-1);
    if (last?.tau !== 'fft' || last.form !== undefined || last.fanOut !== 2) {
      throw new RangeError('a folded plan ends with an fft level of fan-out 2');
    }
  }
  const flat = plan.levels.slice(blocks.length);
  if (flat.length === 0) {
    if (block < length)
      throw new RangeError(`the plan's blocks end at ${block}, before the length ${length}`);
    return;
  }
  checkFftSide(block);
  const wanted = flatLevels(block, length);
  const same = flat.every(
    ({ side, form, fanOut, tau }, k) =>
      side === wanted.at(k)?.side && form === wanted[k].form && fanOut === 2 && tau === 'fft',
  );
  if (!same || flat.length !== wanted.length) {
    throw new RangeError(
      `above blocks of ${block}, a flat plan for length ${length} has fft levels of fan-out 2: ` +
        wanted.map(({ side, form }) => `${form} ${side}`).join(', '),
    );
  }
}

function checkFftSide(side: number): void {
  if (side < SMALLEST_FFT || !Number.isInteger(Math.log2(side))) {
    throw new RangeError(`fft tiles have a power of two of at least ${SMALLEST_FFT} as side, not ${side}`);
  }
}
