import { createReadStream } from 'node:fs';
import { reasonOf, UsageError } from './errors.js';

/**
 * The bytes of a file, `-` for stdin, as they come. Throws the signal's reason once that is aborted, also while nothing
 * comes, as from a pipe that nobody writes to; and a UsageError if it cannot be read.
 */
export async function* readChunks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const stream: AsyncIterable<Uint8Array> = path === '-' ? process.stdin : createReadStream(path);
  const chunks = stream[Symbol.asyncIterator]();
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => (abort = () => reject(signal.reason as Error)));
  aborted.catch(() => undefined);
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted]);
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new UsageError(`cannot read ${path === '-' ? 'stdin' : path}: ${reasonOf(error)}`);
  } finally {
    signal.removeEventListener('abort', abort);
    // Not waited for: what is blocked in a system call stays so.
    chunks.return?.().catch(() => undefined);
  }
}
