/**
 * The words through which threads talk, in one small shared array, and how to wait for one to change.
 */

/** Number of the latest job, from 1; -1 ends the workers. */
export const JOB = 0;
/** Bytes of the message that says what has failed, and 1; 0 as long as nothing has. */
const FAILED = 2;
/** Raised whenever a worker finishes, starts or fails: what the main thread sleeps on. */
export const NEWS = 3;

/** Words per worker: a cache line each, so that they do not disturb one another. */
const PER_WORKER = 16;
/** Words of the message. */
const MESSAGE = 128;

/** The word in which worker 1, 2, ... says which job it has finished; 0 once it is ready. */
export function doneWord(worker: number): number {
  return worker * PER_WORKER;
}

/** What a worker's word holds until it is ready. */
export const STARTING = -1;

/** 1 while a worker sleeps and must be woken, 0 while it works or looks out for the next job. */
export function asleepWord(worker: number): number {
  return doneWord(worker) + 1;
}

/** Where the message begins; what comes after it is the jobs'. */
const messageWord = (threads: number): number => threads * PER_WORKER;

/** The first word of the jobs. */
export const jobsWord = (threads: number): number => messageWord(threads) + MESSAGE;

/** An array for `threads` threads, the main one (0) included, and so many words of jobs. */
export function makeControl(threads: number, jobs: number): Int32Array {
  const control = new Int32Array(new SharedArrayBuffer((jobsWord(threads) + jobs) * 4));
  for (let worker = 1; worker < threads; worker++) control[doneWord(worker)] = STARTING;
  return control;
}

/** Sets a word that the main thread may be waiting for. */
export function tell(control: Int32Array, word: number, value: number): void {
  Atomics.store(control, word, value);
  Atomics.add(control, NEWS, 1);
  Atomics.notify(control, NEWS);
}

/** Says that something has failed; the first to do so is heard. */
export function fail(control: Int32Array, threads: number, message: string): void {
  const bytes = new TextEncoder().encode(message).subarray(0, MESSAGE * 4);
  const at = messageWord(threads) * 4;
  if (Atomics.load(control, FAILED) !== 0) return;
  new Uint8Array(control.buffer).set(bytes, at);
  tell(control, FAILED, bytes.length + 1);
}

/** What has failed, if anything. */
export function failureOf(control: Int32Array, threads: number): Error | undefined {
  const length = Atomics.load(control, FAILED) - 1;
  if (length < 0) return undefined;
  const at = messageWord(threads) * 4;
  // Copied: what is shared cannot be decoded.
  const message = new TextDecoder().decode(new Uint8Array(control.buffer).slice(at, at + length));
  return new Error(`a thread has failed: ${message}`);
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
 * Waits until `word` is no longer `value`; false if that takes longer than `ms`. Wake-ups may be spurious: a notification
 * can come late, for a change that a spinning thread has long seen and dealt with. While asleep, word `asleep` (if any)
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
