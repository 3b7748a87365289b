import { wasmKernels } from '../kernel/index.js';
import { pagesFor, sharedMemory } from '../memory/index.js';

const LINE = 64;

/** Bytes: what does not fit a cache by far is read as more of it. */
const MOST = 2 ** 30;

/** ms to read for, after once to warm up. */
const BUDGET = 60;

/**
 * How fast this machine reads so many bytes again and again on one thread, in bytes per second: from whatever cache they fit,
 * or from memory. The best of several rounds, two ascending streams through a kernel of the mixers.
 */
export function measureBandwidth(bytes: number): number {
  const rows = Math.max(2, Math.floor(Math.min(bytes, MOST) / (2 * LINE)));
  const memory = sharedMemory(pagesFor({ bytes: (2 * rows + 1) * LINE }, 'measuring'));
  const kernels = wasmKernels(memory);
  // Written to once: pages that nobody wrote to are all the same one.
  new Float32Array(memory.buffer).fill(0);
  const [past, taps, total] = [0, rows * LINE, 2 * rows * LINE];
  let best = Infinity;
  const began = performance.now();
  for (let round = 0; round < 3 || performance.now() - began < BUDGET; round++) {
    const begin = performance.now();
    kernels.dot(past, taps, rows, total);
    best = Math.min(best, performance.now() - begin);
  }
  return (2 * rows * LINE * 1000) / best;
}
