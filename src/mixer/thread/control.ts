/**
 * The words through which the threads of a mixer talk, in one small shared array. The main thread writes a job into the
 * ring, then raises `JOB`; every worker does its share of each job in turn, setting its own word to that job's number.
 */
import type { PerLane } from '../shape.js';
import type { Range } from '../schedule/index.js';

/** Number of the latest job, from 1; -1 ends the workers. */
export const JOB = 0;
/** 1 once a worker has failed. */
export const FAILED = 2;
/** Raised whenever a worker finishes, starts or fails: what the main thread sleeps on. */
export const NEWS = 3;

/** Words per worker: a cache line each, so that they do not disturb one another. */
const PER_WORKER = 16;

/** The word in which worker 1, 2, ... says which job it has finished; 0 once it is ready. */
export function doneWord(worker: number): number {
  return worker * PER_WORKER;
}

/** What an engine can be asked to do, see there. */
const KINDS = ['step', 'sums', 'deferred', 'restart'] as const;
export type JobKind = (typeof KINDS)[number];

/** Jobs that may be under way at once. */
export const RING = 64;

/**
 * What the threads are to do: a step or the sums at positions `end`, or the deferred slices of the steps from `begin` to `end`;
 * or to forget which of those are under way.
 */
export interface Job {
  readonly kind: JobKind;
  readonly begin: PerLane;
  readonly end: PerLane;
}

/** The place of a job in the ring: its kind, then `begin` and `end`. */
function jobWord(threads: number, lanes: number, job: number): number {
  return threads * PER_WORKER + (job % RING) * (1 + 2 * lanes);
}

export function writeJob(control: Int32Array, threads: number, job: number, { kind, begin, end }: Job): void {
  const at = jobWord(threads, end.length, job);
  control[at] = KINDS.indexOf(kind);
  control.set(begin, at + 1);
  control.set(end, at + 1 + end.length);
}

export function readJob(control: Int32Array, threads: number, lanes: number, job: number): Job {
  const at = jobWord(threads, lanes, job);
  const begin = control.subarray(at + 1, at + 1 + lanes);
  const end = control.subarray(at + 1 + lanes, at + 1 + 2 * lanes);
  return { kind: KINDS[control[at]], begin, end };
}

/** What a worker's word holds until it is ready. */
export const STARTING = -1;

/** An array for `threads` threads, the main one (0) included. */
export function makeControl(threads: number, lanes: number): Int32Array {
  const words = threads * PER_WORKER + RING * (1 + 2 * lanes);
  const control = new Int32Array(new SharedArrayBuffer(words * 4));
  for (let worker = 1; worker < threads; worker++) control[doneWord(worker)] = STARTING;
  return control;
}

/** 1 while a worker sleeps and must be woken, 0 while it works or looks out for the next job. */
export function asleepWord(worker: number): number {
  return doneWord(worker) + 1;
}

/**
 * How long (ms) to look at a word before sleeping. Handing over to a sleeper costs 54 us, to a spinner 0.4. In dense
 * generation the jobs worth sharing follow each other every few dozen us; after a pause as long as this, a model is
 * at work in between, and had better have the core.
 */
export const SPIN = 1;

/** Looks at a word between two looks at the clock. */
const LOOKS = 256;

/**
 * Waits until `word` is no longer `value`; false if that takes longer than `ms`. A notification alone means nothing: it
 * may be late, for a change that a spinning thread has long seen and dealt with. While asleep, word `asleep` (if any)
 * is 1. Looks for `spin` ms before it sleeps.
 */
export function waitWhile(
  control: Int32Array,
  word: number,
  value: number,
  ms: number,
  asleep = -1,
  spin = SPIN,
): boolean {
  for (const begin = performance.now(); performance.now() - begin < spin;) {
    for (let look = 0; look < LOOKS; look++) {
      if (Atomics.load(control, word) !== value) return true;
    }
  }
  if (asleep >= 0) Atomics.store(control, asleep, 1);
  let changed = true;
  while (changed && Atomics.load(control, word) === value) {
    changed = Atomics.wait(control, word, value, ms) !== 'timed-out';
  }
  if (asleep >= 0) Atomics.store(control, asleep, 0);
  return changed;
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
