import { Worker } from 'node:worker_threads';
import type { PerLane } from '../shape.js';
import type { Engine } from '../engine/engine.js';
import { kernelModule } from '../kernel/wasm.js';
import type { EngineData } from '../engine/build.js';
import {
  asleepWord,
  doneWord,
  FAILED,
  JOB,
  makeControl,
  NEWS,
  RING,
  share,
  STARTING,
  waitWhile,
  writeJob,
  type Job,
} from './control.js';
import type { WorkerStart } from './worker.js';

/** The compiled worker: the same file seen from src/ and from dist/. */
const FILE = new URL('../../../dist/mixer/thread/worker.js', import.meta.url);

/** Work worth fewer ns than this in total wakes no sleeping worker, which would take 54 us. */
const WORTH_WAKING = 200_000;
/**
 * Where there are as many units as this, workers that are awake take part in every step: each thread then keeps its own
 * units in its own cache. With fewer, handing over takes longer than the work.
 */
const WORTH_KEEPING = 8;

/** Without any news for so long (ms) a worker is taken to be dead. Only the largest tiles take seconds. */
const PATIENCE = 60_000;

/** Threads that run one engine's jobs together, the caller's among them. */
export interface Team {
  /** Begins the engine's step at each lane's position: the caller's share is done on return, the others' after `join`. */
  step(positions: PerLane): void;
  /** The same for the sums. */
  sums(positions: PerLane): void;
  /** Waits until all that these have begun is done. To be called before anything is read or written that it works on. */
  join(): void;
  /**
   * Hands over the deferred slices of the steps that made `begin` < known <= `end` inputs known. Returns a number for
   * `wait`. Only for engines that have deferred tiles.
   */
  defer(begin: PerLane, end: PerLane): number;
  /** Waits until everything up to the number that a `defer` has returned is done; without one, everything. */
  wait(job?: number): void;
  /** Forgets deferred tiles that are under way: the position or what is there has changed. */
  restart(): void;
  /** Whether `defer` does the work itself, then and there. */
  readonly alone: boolean;
  close(): Promise<void>;
}

/** The caller alone. */
export function soloTeam(engine: Engine, units: number): Team {
  return {
    step: (positions) => engine.step(positions, 0, units, 0),
    sums: (positions) => engine.sums(positions, 0, units),
    join: () => undefined,
    defer(begin, end) {
      engine.deferred?.proceed(begin, end, 0, units, 0);
      return 0;
    },
    wait: () => undefined,
    restart: () => engine.deferred?.restart(),
    alone: true,
    close: () => Promise.resolve(),
  };
}

/** Starts `threads - 1` workers over the same memories. */
export async function startTeam(
  engine: Engine,
  data: EngineData,
  units: number,
  threads: number,
  { worthSharing, started: waiting = !engine.flat }: { worthSharing?: number; started?: boolean } = {},
): Promise<Team> {
  const control = makeControl(threads, data.shape.lanes ?? 1);
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
    // A flat run need not wait for them: what it defers until they have started, the caller does.
    for (let thread = 1; thread < threads && waiting; thread++) {
      await started(control, thread, () => failure);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const mine = share(units, threads, 0);
  const nothing = new Int32Array(data.shape.lanes ?? 1);
  const awake = (): boolean => {
    for (let thread = 1; thread < threads; thread++) {
      if (Atomics.load(control, asleepWord(thread)) !== 0) return false;
    }
    return true;
  };
  let ready = false;
  /** Whether a worker has still to start. */
  const starting = (): boolean => {
    for (let thread = 1; thread < threads && !ready; thread++) {
      if (Atomics.load(control, doneWord(thread)) === STARTING) return true;
    }
    ready = true;
    return false;
  };
  /** The latest job, and the latest one that `join` has to wait for. */
  let latest = 0;
  let shared = 0;
  /** The latest job that is known to be done. */
  let done = 0;
  const wait = (job = latest): void => {
    if (job <= done) return;
    for (let thread = 1; thread < threads; thread++) finished(control, thread, job, failure);
    done = job;
  };
  const begin = (job: Job): void => {
    if (Atomics.load(control, FAILED) !== 0) throw broken(failure);
    // The place in the ring must be free.
    wait(latest + 1 - RING);
    latest++;
    writeJob(control, threads, latest, job);
    Atomics.store(control, JOB, latest);
    Atomics.notify(control, JOB);
  };
  const join = (): void => wait(shared);
  /** Whether a job that takes about `ns` is for all threads. */
  const worthSharingNow = (ns: number): boolean => {
    if (engine.flat) return false;
    if (worthSharing !== undefined) return ns >= worthSharing;
    return ns >= WORTH_WAKING || (units >= WORTH_KEEPING && awake());
  };
  return {
    step(positions) {
      join();
      if (Atomics.load(control, FAILED) !== 0) throw broken(failure);
      if (!worthSharingNow(engine.stepCost(positions) * units)) engine.step(positions, 0, units, 0);
      else {
        begin({ kind: 'step', begin: positions, end: positions });
        shared = latest;
        engine.step(positions, mine.from, mine.to, 0);
      }
    },
    sums(positions) {
      join();
      if (Atomics.load(control, FAILED) !== 0) throw broken(failure);
      if (!worthSharingNow(engine.sumsCost(positions) * units)) engine.sums(positions, 0, units);
      else {
        begin({ kind: 'sums', begin: positions, end: positions });
        shared = latest;
        engine.sums(positions, mine.from, mine.to);
      }
    },
    join,
    defer(from, to) {
      if (starting()) {
        engine.deferred?.run(from, to, 0, units, 0);
        return latest;
      }
      begin({ kind: 'deferred', begin: from, end: to });
      return latest;
    },
    wait,
    restart() {
      // Who has not started has nothing under way.
      if (engine.deferred && !starting()) begin({ kind: 'restart', begin: nothing, end: nothing });
    },
    get alone() {
      return starting();
    },
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

/** Blocks until a worker has finished a job and all before it. Its events cannot arrive meanwhile, hence `FAILED` and a last resort. */
function finished(control: Int32Array, thread: number, job: number, failure: Error | undefined): void {
  for (;;) {
    const news = Atomics.load(control, NEWS);
    if (Atomics.load(control, doneWord(thread)) >= job) return;
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
