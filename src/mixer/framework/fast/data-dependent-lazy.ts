import { Bump, pageBytes, pagesFor, sharedMemory } from '../../../webassembly/index.js';
import { wasmKernels } from '../../kernel/index.js';
import { groupsOf, LINE, strideLines } from '../../memory/index.js';
import type { DataDependentTiles } from './data-dependent.js';

/** Groups whose sums are computed side by side: four streams are read faster than two. */
const TOGETHER = 2;

/**
 * The baseline for filters that depend on the data, in place of `openDataDependent`: each pending sum is one dot product over
 * all inputs and taps before its position, when it is needed. Inputs are stored newest first, so that both streams ascend.
 */
export function openLazyDataDependent(width: number, length: number): DataDependentTiles {
  const layout = layoutLazy(width, length);
  const { groups, stride, row, inputs, taps } = layout;
  const memory = sharedMemory(pagesFor(layout, `a sequence of ${length} positions and ${width} channels`));
  const floats = new Float32Array(memory.buffer);
  const kernels = wasmKernels(memory);
  /** Rows of one position: sums, inputs and taps. */
  const [sums, input, tap] = [0, 1, 2].map((k) => row + k * groups * LINE);
  const view = (at: number): Float32Array => floats.subarray(at / 4, at / 4 + width);
  const [summed, taken, takenTap] = [sums, input, tap].map(view);
  return {
    sums(t) {
      kernels.clearLines(sums, LINE, groups, 1);
      // Inputs t - 1 ... 1 meet taps 1 ... t - 1: what is at 0 also meets what position t brings.
      for (let group = 0; group < groups && t > 1; group += TOGETHER) {
        const at = group * stride;
        const count = Math.min(TOGETHER, groups - group);
        const newest = inputs + at + (length - t) * LINE;
        kernels.dot(newest, taps + at + LINE, stride, count, t - 1, sums + group * LINE);
      }
      return summed;
    },
    take(t, y, tapNow) {
      taken.set(y);
      takenTap.set(tapNow);
      kernels.scatter(input, inputs + (length - 1 - t) * LINE, stride, groups);
      kernels.scatter(tap, taps + t * LINE, stride, groups);
    },
    contribute: () => undefined,
    state: floats.subarray(inputs / 4, layout.bytes / 4),
    changed: () => undefined,
  };
}

/** Bytes that `openLazyDataDependent` allocates. */
export function lazyDataDependentBytes(width: number, length: number): number {
  return pageBytes(layoutLazy(width, length).bytes);
}

/** `row`, `[3][group][16]`; `inputs`, newest first, and `taps`, `[group][time][16]`, groups `stride` apart. */
function layoutLazy(width: number, length: number) {
  const bump = new Bump();
  const groups = groupsOf(width);
  const stride = strideLines(length) * LINE;
  const row = bump.take(3 * groups * LINE);
  const [inputs, taps] = [0, 1].map(() => bump.take(groups * stride));
  return { groups, stride, row, inputs, taps, bytes: bump.bytes };
}
