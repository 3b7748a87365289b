import { MOST_CHILDREN } from '../kernel/index.js';
import { flatLevels } from '../schedule/index.js';
import type { FilterKind } from '../shape.js';
import { fanOutOf, isRing, SMALLEST_FFT, type LevelKind, type LevelPlan, type Plan } from './plan.js';

/** What a level may say of itself besides its side. */
const HAS: Readonly<Record<LevelKind, readonly string[]>> = {
  direct: ['fanOut'],
  fan: ['fanOut'],
  reference: ['fanOut'],
  fft: ['recompute'],
  folding: ['recompute'],
  delayed: ['recompute'],
  window: [],
  recurrence: ['modes', 'complex'],
};

/** All of these. */
const SOMETIMES = [...new Set(Object.values(HAS).flat())];

const LONG: FilterKind = { kind: 'long' };

/**
 * Throws a RangeError unless a plan (which may come from a file, and be anything) is one, fits a length, and computes everything
 * that filters of a kind contribute.
 */
export function checkPlan(plan: unknown, length: number, filter = LONG): asserts plan is Plan {
  if (typeof plan !== 'object' || plan === null || !('levels' in plan) || !Array.isArray(plan.levels)) {
    throw new RangeError('a plan has a length and levels');
  }
  const { levels } = plan;
  levels.forEach(checkLevel);
  const of = (plan as Plan).length;
  if (of !== length) throw new RangeError(`the plan is for length ${String(of)}, not ${length}`);
  checkTiling({ length, levels }, filter);
}

function checkLevel(level: unknown, k: number): asserts level is LevelPlan {
  const fields = (level ?? {}) as Partial<Record<string, unknown>>;
  const { kind, side, recompute } = fields;
  if (typeof kind !== 'string' || !Object.hasOwn(HAS, kind)) {
    throw new RangeError(`level ${k} of the plan is of an unknown kind, ${JSON.stringify(kind)}`);
  }
  if (typeof side !== 'number') throw new RangeError(`level ${k} of the plan has no side`);
  const has = HAS[kind as LevelKind];
  const other = SOMETIMES.find((name) => fields[name] !== undefined && !has.includes(name));
  if (other !== undefined) throw new RangeError(`level ${k} of the plan, ${kind}, has no ${other}`);
  if (recompute !== undefined && recompute !== true) {
    throw new RangeError(`level ${k} of the plan: recompute is true, or not there`);
  }
}

function checkTiling({ length, levels }: Plan, filter: FilterKind): void {
  const isFlat = ({ kind }: LevelPlan): boolean => kind === 'delayed';
  const last = isRing({ levels }) ? levels.at(-1) : undefined;
  const blocks = levels.filter((level) => !isFlat(level) && level !== last);
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
  if (last !== undefined) {
    checkLast(last, block, length, filter);
    if (blocks.length + 1 !== levels.length)
      throw new RangeError(`a ${last.kind} is the only level above its blocks`);
    return;
  }
  const flat = levels.slice(blocks.length);
  if (flat.length === 0) {
    if (block < length)
      throw new RangeError(`the plan's blocks end at ${block}, before the length ${length}`);
    return;
  }
  checkFftSide(block);
  const wanted = flatLevels(block, length);
  const same = flat.every(({ side, kind }, k) => side === wanted.at(k)?.side && kind === 'delayed');
  if (!same || flat.length !== wanted.length) {
    throw new RangeError(
      `above blocks of ${block}, a flat plan for length ${length} has delayed levels of sides ` +
        wanted.map(({ side }) => side).join(', '),
    );
  }
}

/** A level above blocks of a side that leaves nothing to be done between blocks further apart. */
function checkLast(level: LevelPlan, block: number, length: number, filter: FilterKind): void {
  const { kind, side } = level;
  if (side !== block || block >= length)
    throw new RangeError(
      `a ${kind} has the side of its blocks, ${block}, below the length ${length}; got ${side}`,
    );
  if (kind === 'window') {
    checkFftSide(side);
    if (filter.kind !== 'window' || filter.taps > 2 * side + 1)
      throw new RangeError(`a window of side ${side} is for filters of at most ${2 * side + 1} taps`);
  } else if (kind === 'recurrence') {
    const complex = level.complex === true;
    if (filter.kind !== 'modal' || filter.modes !== level.modes || filter.complex !== complex)
      throw new RangeError(`a recurrence of ${level.modes} modes is for filters of as many`);
  }
}

function checkFftSide(side: number): void {
  if (side < SMALLEST_FFT || !Number.isInteger(Math.log2(side))) {
    throw new RangeError(`fft tiles have a power of two of at least ${SMALLEST_FFT} as side, not ${side}`);
  }
}
