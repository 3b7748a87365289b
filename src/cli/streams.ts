import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { OutputError, reasonOf } from './errors.js';

/** How long an interrupted program waits for a reader that takes nothing, in ms. */
const PATIENCE = 2000;

/**
 * stdout, obeying its reader: writing waits while the reader is slow, `gone` is aborted when the reader went
 * away (which is no error: `| head`), and anything else that keeps bytes from being written is an OutputError.
 * Once the program is interrupted, writing no longer waits, and the end only while the reader goes on reading.
 */
export class Output {
  private readonly departure = new AbortController();
  private readonly unblocked: AbortSignal;
  private failure: Error | null = null;

  constructor(
    private readonly stream: Writable & { isTTY?: boolean },
    private readonly interruption: AbortSignal,
  ) {
    this.unblocked = AbortSignal.any([interruption, this.departure.signal]);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.failure = error;
      this.departure.abort();
    });
  }

  get isTerminal(): boolean {
    return this.stream.isTTY === true;
  }

  /** Aborted once nothing more can be written. */
  get gone(): AbortSignal {
    return this.departure.signal;
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    if (chunk.length === 0 || this.gone.aborted) return;
    if (!this.stream.write(chunk) && !this.unblocked.aborted) {
      // Resolves on either; a reader that went away never drains.
      await once(this.stream, 'drain', { signal: this.unblocked }).catch(() => undefined);
    }
  }

  /** Waits until every byte is with the reader, or, after an interruption, no more of them are taken. */
  async end(): Promise<void> {
    const flushed = new Promise<void>((done) => this.stream.write('', () => done()));
    if (!this.gone.aborted) await Promise.race([flushed, this.stalled()]);
    if (this.failure) throw new OutputError(`cannot write to stdout: ${reasonOf(this.failure)}`);
  }

  /** Resolves when, after an interruption, nothing was taken for a while. */
  private async stalled(): Promise<void> {
    if (!this.interruption.aborted) await once(this.interruption, 'abort');
    for (let waiting = Infinity; this.stream.writableLength < waiting;) {
      waiting = this.stream.writableLength;
      await new Promise<void>((resume) => setTimeout(resume, PATIENCE).unref());
    }
  }
}
