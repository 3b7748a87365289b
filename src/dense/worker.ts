/** A worker thread: waits for products and does its share of each until it is told to end. */
import { workerData } from 'node:worker_threads';
import { doneWord, JOB, jobsWord, type Started, tell, waitWhile } from '../webassembly/index.js';
import { denseKernels } from './kernels.js';
import { multiplyShare, WORDS } from './product.js';

/** What workers are started with. */
export interface DenseWorkerData {
  readonly memory: WebAssembly.Memory;
  /** The kernels, compiled. */
  readonly module: WebAssembly.Module;
}

const { memory, module, control, threads, thread } = workerData as DenseWorkerData & Started;
const kernels = denseKernels(memory, module);
const words = control.subarray(jobsWord(threads), jobsWord(threads) + WORDS);
tell(control, doneWord(thread), 0);
for (let done = 0; ;) {
  while (Atomics.load(control, JOB) === done) waitWhile(control, JOB, done, Infinity);
  if (Atomics.load(control, JOB) < 0) break;
  multiplyShare(kernels, words, thread, threads);
  done++;
  Atomics.store(control, doneWord(thread), done);
  Atomics.notify(control, doneWord(thread));
}
