import { MOST_CHILDREN } from '../kernel/index.js';
import { flatLevels } from '../schedule/index.js';
import { fanOutOf, SMALLEST_FFT, type LevelKind, type LevelPlan, type Plan } from './plan.js';

/** What a level says of itself besides its side. */
const HAS: Readonly<Record<LevelKind, 'fanOut' | 'recompute'>> = {
  direct: 'fanOut',
  fan: 'fanOut',
  reference: 'fanOut',
  fft: 'recompute',
  folding: 'recompute',
  adjacent: 'recompute',
  deferred: 'recompute',
};

/** Throws a RangeError unless a plan (which may come from a file, and be anything) is one, and fits a length. */
export function checkPlan(plan: unknown, length: number): asserts plan is Plan {
  if (typeof plan !== 'object' || plan === null || !('levels' in plan) || !Array.isArray(plan.levels)) {
    throw new RangeError('a plan has a length and levels');
  }
  const { levels } = plan;
  levels.forEach(checkLevel);
  const of = (plan as Plan).length;
  if (of !== length) throw new RangeError(`the plan is for length ${String(of)}, not ${length}`);
  checkTiling({ length, levels });
}

function checkLevel(level: unknown, k: number): asserts level is LevelPlan {
  const { kind, side, fanOut, recompute } = (level ?? {}) as Partial<Record<string, unknown>>;
  if (typeof kind !== 'string' || !Object.hasOwn(HAS, kind)) {
    throw new RangeError(`level ${k} of the plan is of an unknown kind, ${JSON.stringify(kind)}`);
  }
  if (typeof side !== 'number') throw new RangeError(`level ${k} of the plan has no side`);
  const has = HAS[kind as LevelKind];
  if (has === 'fanOut' ? recompute !== undefined : fanOut !== undefined) {
    const other = has === 'fanOut' ? 'recompute' : 'fanOut';
    throw new RangeError(`level ${k} of the plan, ${kind}, has no ${other}`);
  }
  if (recompute !== undefined && recompute !== true) {
    throw new RangeError(`level ${k} of the plan: recompute is true, or not there`);
  }
}

function checkTiling({ length, levels }: Plan): void {
  const isFlat = ({ kind }: LevelPlan): boolean => kind === 'adjacent' || kind === 'deferred';
  const blocks = levels.filter((level) => !isFlat(level));
  let block = 1;
  blocks.forEach((level, k) => {
    const { kind, side } = level;
    const fanOut = fanOutOf(level);
    if (block >= length) throw new RangeError(`level ${k} of the plan begins past the length ${length}`);
    if (side !== block) throw new RangeError(`level ${k} of the plan has side ${side}, expected ${block}`);
    if (!Number.isInteger(fanOut) || fanOut < 2 || fanOut > length) {
      throw new RangeError(`fan-out: expected a whole number from 2 to ${length}, got ${fanOut}`);
    }
    if (side === 1 && kind !== 'direct') throw new RangeError(`tiles of side 1 are direct, not ${kind}`);
    if (kind !== 'direct' && kind !== 'reference') checkFftSide(side);
    if (kind === 'fan' && fanOut > MOST_CHILDREN) {
      throw new RangeError(`fan tiles have a fan-out of at most ${MOST_CHILDREN}, not ${fanOut}`);
    }
    if (kind === 'folding' && k < levels.length - 1) {
      throw new RangeError('a folding level is the last one of its plan');
    }
    block *= fanOut;
  });
  const flat = levels.slice(blocks.length);
  if (flat.length === 0) {
    if (block < length)
      throw new RangeError(`the plan's blocks end at ${block}, before the length ${length}`);
    return;
  }
  checkFftSide(block);
  const wanted = flatLevels(block, length);
  const same = flat.every(({ side, kind }, k) => side === wanted.at(k)?.side && kind === wanted[k].form);
  if (!same || flat.length !== wanted.length) {
    throw new RangeError(
      `above blocks of ${block}, a flat plan for length ${length} has the levels ` +
        wanted.map(({ side, form }) => `${form} ${side}`).join(', '),
    );
  }
}

function checkFftSide(side: number): void {
  if (side < SMALLEST_FFT || !Number.isInteger(Math.log2(side))) {
    throw new RangeError(`fft tiles have a power of two of at least ${SMALLEST_FFT} as side, not ${side}`);
  }
}
