/**
 * What the main thread asks the workers to do. It writes a job into the ring, then raises `JOB`; every worker does its share
 * of each job in turn, setting its own word to that job's number.
 */
import {
  asleepWord,
  doneWord,
  fail,
  failureOf,
  JOB,
  jobsWord,
  makeControl,
  NEWS,
  STARTING,
  tell,
  waitWhile,
} from '../../webassembly/index.js';
import type { Range } from '../schedule/index.js';
import type { PerLane } from '../shape.js';

/** What an engine can be asked to do, see there; `deferred` is `Deferred.piecewise`. */
const KINDS = ['step', 'sums', 'deferred', 'forget', 'prepare', 'touch', 'grow'] as const;
export type JobKind = (typeof KINDS)[number];

/** Jobs that may be under way at once. */
const RING = 64;

/**
 * What the threads are to do: a step or the sums at positions `end`, or the deferred slices of the steps from `begin` to `end`;
 * or to forget which of those are under way; to prepare units from `begin` to `end`, or to touch memory ahead of the steps that
 * make `begin` < known <= `end` inputs known, or to evaluate taps `begin` to `end` of all filters (the first thread only).
 */
export interface Job {
  readonly kind: JobKind;
  readonly begin: PerLane;
  readonly end: PerLane;
}

/**
 * How long the main thread waits for news: so many looks of so many ms. Only the largest tiles take seconds. A process that
 * is stopped, or a machine that sleeps, for however long, takes one look of them.
 */
export interface Patience {
  readonly looks: number;
  readonly ms: number;
}

export const PATIENCE: Patience = { looks: 12, ms: 5000 };

/** Both ends of the ring: `post`, `waitFor` and the questions are the main thread's, `next` and `done` the workers'. */
export class JobRing {
  /** The latest job, 0 before the first. */
  latest = 0;
  /** The latest job that is known to be done by all. */
  private finished = 0;
  private ready = false;

  constructor(
    readonly threads: number,
    readonly lanes: number,
    private readonly patience = PATIENCE,
    /** The shared words: those of the main thread's ring, for its workers. */
    readonly control = makeControl(threads, RING * (1 + 2 * lanes)),
  ) {}

  /** Throws if a thread has failed. */
  check(): void {
    const failure = failureOf(this.control, this.threads);
    if (failure !== undefined) throw failure;
  }

  /** Gives the workers a job; returns its number. Waits for a place in the ring. */
  post({ kind, begin, end }: Job): number {
    const { control, lanes } = this;
    this.check();
    this.waitFor(this.latest + 1 - RING);
    this.latest++;
    const at = this.placeOf(this.latest);
    control[at] = KINDS.indexOf(kind);
    control.set(begin, at + 1);
    control.set(end, at + 1 + lanes);
    Atomics.store(control, JOB, this.latest);
    Atomics.notify(control, JOB);
    return this.latest;
  }

  /** Blocks until all workers have finished a job and all before it. Throws if one has failed, or gives no sign of life. */
  waitFor(job: number): void {
    if (job <= this.finished) return;
    for (let thread = 1; thread < this.threads; thread++) this.waitForThread(thread, job);
    this.finished = job;
  }

  private waitForThread(thread: number, job: number): void {
    const { control, threads, patience } = this;
    for (let looks = 0; ;) {
      const news = Atomics.load(control, NEWS);
      if (Atomics.load(control, doneWord(thread)) >= job) return;
      this.check();
      if (waitWhile(control, NEWS, news, patience.ms)) looks = 0;
      else if (++looks === patience.looks) {
        fail(control, threads, `thread ${thread} has not answered for ${looks} times ${patience.ms} ms`);
      }
    }
  }

  /** Whether a worker has still to start. */
  get starting(): boolean {
    this.ready ||= this.every((worker) => Atomics.load(this.control, doneWord(worker)) !== STARTING);
    return !this.ready;
  }

  /** Whether no worker has to be woken. */
  get awake(): boolean {
    return this.every((worker) => Atomics.load(this.control, asleepWord(worker)) === 0);
  }

  private every(is: (worker: number) => boolean): boolean {
    for (let worker = 1; worker < this.threads; worker++) if (!is(worker)) return false;
    return true;
  }

  /** Tells the workers to end. */
  end(): void {
    Atomics.store(this.control, JOB, -1);
    Atomics.notify(this.control, JOB);
  }

  /** Whether they have been told to. */
  get ended(): boolean {
    return Atomics.load(this.control, JOB) < 0;
  }

  /** A worker's next job after number `done`, or null once it is to end. Sleeps as long as there is none. */
  next(worker: number, done: number, spin: number): Job | null {
    const { control, lanes } = this;
    while (Atomics.load(control, JOB) === done) {
      waitWhile(control, JOB, done, Infinity, asleepWord(worker), spin);
    }
    if (this.ended) return null;
    const at = this.placeOf(done + 1);
    const begin = control.subarray(at + 1, at + 1 + lanes);
    const end = control.subarray(at + 1 + lanes, at + 1 + 2 * lanes);
    return { kind: KINDS[control[at]], begin, end };
  }

  /** A worker has finished a job; 0: it is ready for the first. */
  done(worker: number, job: number): void {
    tell(this.control, doneWord(worker), job);
  }

  /** The place of a job: its kind, then `begin` and `end`. */
  private placeOf(job: number): number {
    return jobsWord(this.threads) + (job % RING) * (1 + 2 * this.lanes);
  }
}

/** The units of a thread, out of `units` dealt evenly to `threads`. */
export function share(units: number, threads: number, thread: number): Range {
  return { from: Math.floor((units * thread) / threads), to: Math.floor((units * (thread + 1)) / threads) };
}

/** The units of a thread in a job. Deferred tiles are the workers' alone: the main thread has the next token to see to. */
export function shareOf(kind: JobKind, units: number, threads: number, thread: number): Range {
  if (kind !== 'deferred') return share(units, threads, thread);
  return thread === 0 ? { from: 0, to: 0 } : share(units, threads - 1, thread - 1);
}
