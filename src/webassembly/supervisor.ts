/**
 * The thread that starts the workers and hears of their end. The main thread cannot: while it waits for them it is deaf to
 * events, and a worker that has died (run out of memory, say) would keep it waiting until its patience is over.
 */
import { Worker, workerData } from 'node:worker_threads';
import { fail, JOB } from './control.js';
import type { Supervised } from './supervision.js';

/** A worker's own objects are small; what it computes on lies in WebAssembly memories. One that runs wild ends soon. */
const LIMITS = { maxOldGenerationSizeMb: 512 };

const { program, control, threads, data } = workerData as Supervised;

for (let thread = 1; thread < threads; thread++) {
  const failed = (message: string): void => {
    if (Atomics.load(control, JOB) >= 0) fail(control, threads, message);
  };
  try {
    const start = { ...data, control, threads, thread };
    const worker = new Worker(new URL(program), { workerData: start, execArgv: [], resourceLimits: LIMITS });
    worker.on('error', (error) =>
      failed(`thread ${thread}: ${String(error instanceof Error ? error.message : error)}`),
    );
    worker.on('exit', () => failed(`thread ${thread} has ended`));
  } catch (error) {
    failed(`thread ${thread} cannot be started: ${(error as Error).message}`);
  }
}
