import { setImmediate } from 'node:timers/promises';
import { pagesFor, sharedMemory } from '../../webassembly/index.js';
import { wasmKernels } from '../kernel/index.js';
import { LINE } from '../memory/index.js';

/** Arrays read side by side: processors fetch ahead for each, up to some number. */
const STREAMS = [1, 2, 4, 8];

/** Bytes: what does not fit a cache by far is read as more of it. */
const MOST = 2 ** 30;

/** How fast one thread reads, in bytes per second, side by side from as many arrays as are read fastest. */
export interface Bandwidth {
  readonly streams: number;
  readonly median: number;
  readonly best: number;
  /** Of each pass over all of the bytes. */
  readonly samples: readonly number[];
}

/**
 * How fast this machine reads so many bytes again and again on one thread: from whatever cache they fit, or from memory. It does
 * nothing with what it reads but add it up, so no loop of this program that streams as much can be faster.
 *
 * @param budgetMs ms to read for; each number of arrays gets two passes at least
 */
export async function measureBandwidth(bytes: number, budgetMs: number): Promise<Bandwidth> {
  const rows = Math.max(1, Math.floor(Math.min(bytes, MOST) / (8 * LINE)));
  const size = 8 * rows * LINE;
  const memory = sharedMemory(pagesFor({ bytes: size + LINE }, 'measuring'));
  // Written to once: pages that nobody wrote to are all the same one.
  new Float32Array(memory.buffer).fill(0);
  const kernels = wasmKernels(memory);
  const passes = STREAMS.map((streams) => ({ streams, samples: [] as number[] }));
  const end = performance.now() + budgetMs;
  for (let round = 0; round < 2 || performance.now() < end; round++) {
    for (const { streams, samples } of passes) {
      await setImmediate();
      const begin = performance.now();
      kernels.readLines(LINE, streams, (8 * rows) / streams, 0);
      samples.push((size / (performance.now() - begin)) * 1000);
    }
  }
  const results = passes.map(({ streams, samples }) => {
    const sorted = samples.toSorted((a, b) => a - b);
    return { streams, median: sorted[sorted.length >> 1], best: sorted.at(-1)!, samples };
  });
  return results.reduce((a, b) => (b.median > a.median ? b : a));
}
