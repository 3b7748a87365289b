/** Threads that share products: each computes outputs of its own, so a product is the same bits on any number of them. */
import type { Worker } from 'node:worker_threads';
import {
  built,
  doneWord,
  fail,
  failureOf,
  JOB,
  jobsWord,
  makeControl,
  startSupervisor,
  waitWhile,
} from '../webassembly/index.js';
import { denseModules } from './kernels.js';
import type { Matrix } from './matrix.js';
import { multiplyShare, WORDS, writeProduct } from './product.js';
import type { Rows } from './rows.js';
import type { Workspace } from './workspace.js';
import type { DenseWorkerData } from './worker.js';

/** How long the main thread looks for a share to be done before it sleeps, and how often (ms) it then asks whether all is well. */
const LOOK = 5;
const ASK = 1000;
/** A share takes milliseconds. After so long (ms) without an answer a thread has none. */
const PATIENCE = 60_000;

export class DenseTeam {
  private readonly control: Int32Array;
  private readonly words: Int32Array;
  private readonly supervisor: Worker | undefined;
  private latest = 0;

  constructor(
    private readonly workspace: Workspace,
    readonly threads: number,
  ) {
    this.control = makeControl(threads, WORDS);
    this.words = this.control.subarray(jobsWord(threads));
    if (threads === 1) return;
    const data: DenseWorkerData = { memory: workspace.memory, module: denseModules.module };
    const program = built('dense/multiplying.js').href;
    this.supervisor = startSupervisor({ program, control: this.control, threads, data });
  }

  /** See `writeProduct`. Throws if a thread has failed. */
  multiply(rows: number, x: number, xStride: number, matrix: Matrix, to: Rows): void {
    const { control, threads, words } = this;
    const { kernels } = this.workspace;
    writeProduct(words, rows, x, xStride, matrix, to);
    if (threads === 1 || !this.ready) {
      multiplyShare(kernels, words, 0, 1);
      return;
    }
    Atomics.store(control, JOB, ++this.latest);
    Atomics.notify(control, JOB);
    multiplyShare(kernels, words, 0, threads);
    for (let thread = 1; thread < threads; thread++) this.waitFor(thread);
  }

  async close(): Promise<void> {
    Atomics.store(this.control, JOB, -1);
    Atomics.notify(this.control, JOB);
    await this.supervisor?.terminate();
  }

  /** Whether all workers are ready; until then, products are the caller's. Throws if one has failed. */
  get ready(): boolean {
    const { control, threads, latest } = this;
    const failure = failureOf(control, threads);
    if (failure !== undefined) throw failure;
    for (let thread = 1; thread < threads; thread++) {
      if (Atomics.load(control, doneWord(thread)) !== latest) return false;
    }
    return true;
  }

  private waitFor(thread: number): void {
    const { control, threads, latest } = this;
    const word = doneWord(thread);
    for (const began = performance.now(); Atomics.load(control, word) !== latest;) {
      waitWhile(control, word, latest - 1, ASK, -1, LOOK);
      const failure = failureOf(control, threads);
      if (failure !== undefined) throw failure;
      if (performance.now() - began > PATIENCE) fail(control, threads, `thread ${thread} does not answer`);
    }
  }
}
