import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { OutputError } from './errors.js';

/**
 * stdout, obeying its reader: writing waits while the reader is slow, `gone` is aborted when the reader went
 * away (which is no error: `| head`), and anything else that keeps bytes from being written is an OutputError.
 */
export class Output {
  private readonly departure = new AbortController();
  private failure: Error | null = null;

  constructor(private readonly stream: Writable & { isTTY?: boolean }) {
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
    if (!this.stream.write(chunk)) {
      // Resolves on either; a reader that went away never drains.
      await once(this.stream, 'drain', { signal: this.gone }).catch(() => undefined);
    }
  }

  /** Waits until every byte is with the reader. */
  async end(): Promise<void> {
    if (!this.gone.aborted) await new Promise<void>((done) => this.stream.write('', () => done()));
    if (this.failure) throw new OutputError(`cannot write to stdout: ${this.failure.message}`);
  }
}
