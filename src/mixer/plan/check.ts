import { MOST_CHILDREN } from '../kernel/kernels.js';
import { flatLevels } from '../schedule/index.js';
import { SMALLEST_FFT, type Plan } from './plan.js';

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
