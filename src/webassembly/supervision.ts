import { Worker } from 'node:worker_threads';
import { built } from './built.js';
import { fail } from './control.js';

/** What every worker is started with, beside data of its kind. */
export interface Started {
  readonly control: Int32Array;
  /** All of them, the main one included. */
  readonly threads: number;
  /** This worker, from 1. */
  readonly thread: number;
}

/** Workers to be started, `threads` - 1 of them. */
export interface Supervised {
  /** Their program, a URL. */
  readonly program: string;
  readonly control: Int32Array;
  readonly threads: number;
  /** What each gets beside `Started`: plain data and what is shared. */
  readonly data: object;
}

/** Starts workers and a thread that looks after them: what goes wrong is said in `control`. To be terminated after they have ended. */
export function startSupervisor(supervised: Supervised): Worker {
  const { control, threads } = supervised;
  const program = built('webassembly/supervising.js');
  const supervisor = new Worker(program, { workerData: supervised, execArgv: [] });
  supervisor.on('error', (error) => fail(control, threads, error.message));
  supervisor.unref();
  return supervisor;
}
