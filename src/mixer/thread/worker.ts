/** A worker thread: waits for jobs and does its share of each until it is told to end. */
import { workerData } from 'node:worker_threads';
import { asleepWord, doneWord, FAILED, JOB, NEWS, readJob, shareOf, SPIN, waitWhile } from './control.js';
import { adoptModule } from '../kernel/wasm.js';
import { openEngine, type EngineData } from '../engine/build.js';

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
  const { lanes = 1 } = data.shape;
  // Deferred tiles have time, and their jobs are far apart.
  const spin = engine.flat ? 0 : SPIN;
  tell(doneWord(thread), 0);
  for (let done = 0; ;) {
    // Sleeps without end: the main thread either raises the word or terminates this thread.
    if (!waitWhile(control, JOB, done, Infinity, asleepWord(thread), spin)) continue;
    const latest = Atomics.load(control, JOB);
    if (latest < 0) break;
    while (done < latest) {
      done++;
      const { kind, begin, end } = readJob(control, threads, lanes, done);
      const { from, to } = shareOf(kind, units, threads, thread);
      if (kind === 'step') engine.step(end, from, to, thread);
      else if (kind === 'sums') engine.sums(end, from, to);
      else if (kind === 'restart') engine.deferred?.restart();
      else engine.deferred?.proceed(begin, end, from, to, thread);
      tell(doneWord(thread), done);
    }
  }
} catch (error) {
  tell(FAILED, 1);
  throw error;
}
