import { Worker } from 'node:worker_threads';
import type { Engine } from '../engine.js';
import { kernelModule } from '../kernel/wasm.js';
import type { EngineData } from '../open.js';
import {
  asleepWord,
  doneWord,
  FAILED,
  JOB,
  makeControl,
  NEWS,
  POSITION,
  share,
  STARTING,
  waitWhile,
} from './control.js';
import type { WorkerStart } from './worker.js';

/** The compiled worker: the same file seen from src/ and from dist/. */
const FILE = new URL('../../../dist/mixer/thread/worker.js', import.meta.url);

/** Work worth fewer ns than this in total wakes no sleeping worker, which would take 54 us. */
const WORTH_WAKING = 200_000;
/**
 * Work worth fewer ns than this is not even handed to workers that are awake: the lines it reads and writes would have to
 * cross from one core to the other, which takes as long as the work.
 */
const WORTH_SHARING = 50_000;

/** Without any news for so long (ms) a worker is taken to be dead. Only the largest tiles take seconds. */
const PATIENCE = 60_000;

/** Threads that run one engine's jobs together, the caller's among them. */
export interface Team {
  /** Begins what is due at a position, all units: the caller's share is done on return, the others' after `join`. */
  run(position: number): void;
  /** Waits until all that has begun is done. To be called before anything is read or written that a job works on. */
  join(): void;
  close(): Promise<void>;
}

/** The caller alone. */
export function soloTeam(engine: Engine, units: number): Team {
  return {
    run: (position) => engine.run(position, 0, units, 0),
    join: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** Starts `threads - 1` workers over the same memories. */
export async function startTeam(
  engine: Engine,
  data: EngineData,
  units: number,
  threads: number,
  worthSharing?: number,
): Promise<Team> {
  const control = makeControl(threads);
  const workers: Worker[] = [];
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    Atomics.store(control, FAILED, 1);
  };
  for (let thread = 1; thread < threads; thread++) {
    const start: WorkerStart = { engine: data, module: kernelModule(), control, units, threads, thread };
    const worker = new Worker(FILE, { workerData: start, execArgv: [] });
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error(`mixer thread ${thread} has ended`)));
    worker.unref();
    workers.push(worker);
  }
  const close = async (): Promise<void> => {
    Atomics.store(control, JOB, -1);
    Atomics.notify(control, JOB);
    for (const worker of workers) worker.removeAllListeners('exit');
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  try {
    for (let thread = 1; thread < threads; thread++) await started(control, thread, () => failure);
  } catch (error) {
    await close();
    throw error;
  }
  const mine = share(units, threads, 0);
  const awake = (): boolean => {
    for (let thread = 1; thread < threads; thread++) {
      if (Atomics.load(control, asleepWord(thread)) !== 0) return false;
    }
    return true;
  };
  let job = 0;
  let outstanding = false;
  const join = (): void => {
    if (!outstanding) return;
    outstanding = false;
    for (let thread = 1; thread < threads; thread++) finished(control, thread, job, failure);
  };
  return {
    run(position) {
      join();
      if (Atomics.load(control, FAILED) !== 0) throw broken(failure);
      const worth = engine.cost(position) * units;
      const least = worthSharing ?? (worth < WORTH_WAKING && awake() ? WORTH_SHARING : WORTH_WAKING);
      if (worth < least) {
        engine.run(position, 0, units, 0);
        return;
      }
      // Job numbers stay positive; a worker only ever compares for "not the last one".
      job = job === 0x7fffffff ? 1 : job + 1;
      outstanding = true;
      Atomics.store(control, POSITION, position);
      Atomics.store(control, JOB, job);
      Atomics.notify(control, JOB);
      engine.run(position, mine.from, mine.to, 0);
    },
    join,
    close,
  };
}

/** Resolves once a worker is ready. Polls, so that its `error` and `exit` events can arrive meanwhile. */
async function started(control: Int32Array, thread: number, failure: () => Error | undefined): Promise<void> {
  for (const begin = Date.now(); Atomics.load(control, doneWord(thread)) === STARTING;) {
    if (Atomics.load(control, FAILED) !== 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw broken(failure());
    }
    if (Date.now() - begin > PATIENCE)
      throw new Error(`mixer thread ${thread} has not started in ${PATIENCE} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Blocks until a worker has finished a job. Its events cannot arrive meanwhile, hence `FAILED` and a last resort. */
function finished(control: Int32Array, thread: number, job: number, failure: Error | undefined): void {
  for (;;) {
    const news = Atomics.load(control, NEWS);
    if (Atomics.load(control, doneWord(thread)) === job) return;
    if (Atomics.load(control, FAILED) !== 0) throw broken(failure);
    if (!waitWhile(control, NEWS, news, PATIENCE)) {
      Atomics.store(control, FAILED, 1);
      throw new Error(`mixer thread ${thread} has not answered for ${PATIENCE} ms`);
    }
  }
}

function broken(cause: Error | undefined): Error {
  const reason = cause === undefined ? '' : `: ${cause.message}`;
  return new Error(`a mixer thread has failed${reason}`, cause === undefined ? {} : { cause });
}
