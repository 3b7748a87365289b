/** A worker thread: waits for jobs and does its share of each until it is told to end. */
import { workerData } from 'node:worker_threads';
import { asleepWord, doneWord, FAILED, JOB, NEWS, POSITION, share, waitWhile } from './control.js';
import { adoptModule } from '../kernel/wasm.js';
import { openEngine, type EngineData } from '../open.js';

/** What a worker is started with: everything but the shared arrays is plain data. */
export interface WorkerStart {
  readonly engine: EngineData;
  /** The kernels, compiled. */
  readonly module: WebAssembly.Module;
  readonly control: Int32Array;
  readonly units: number;
  readonly threads: number;
  /** This worker, from 1. */
  readonly thread: number;
}

const { engine: data, module, control, units, threads, thread } = workerData as WorkerStart;

function tell(word: number, value: number): void {
  Atomics.store(control, word, value);
  Atomics.add(control, NEWS, 1);
  Atomics.notify(control, NEWS);
}

try {
  adoptModule(module);
  const { engine } = openEngine(data);
  const { from, to } = share(units, threads, thread);
  tell(doneWord(thread), 0);
  for (let job = 0; ;) {
    // Sleeps without end: the main thread either raises the word or terminates this thread.
    if (!waitWhile(control, JOB, job, Infinity, asleepWord(thread))) continue;
    job = Atomics.load(control, JOB);
    if (job < 0) break;
    engine.run(Atomics.load(control, POSITION), from, to, thread);
    tell(doneWord(thread), job);
  }
} catch (error) {
  tell(FAILED, 1);
  throw error;
}
