/** Files, pipes and stdin, on their way in. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { reasonOf, UsageError } from './errors.js';

/** Of a prompt, or of a text to score: more than any context holds, and no memory is short of it. */
const LONGEST_TEXT = 1 << 25;

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
    throw new UsageError(`cannot read ${nameOf(path)}: ${reasonOf(error)}`);
  } finally {
    signal.removeEventListener('abort', abort);
    // Not waited for: what is blocked in a system call stays so.
    chunks.return?.().catch(() => undefined);
  }
}

const nameOf = (path: string): string => (path === '-' ? 'stdin' : path);

/**
 * A text file, `-` for stdin, without the byte order mark that some editors begin it with. Throws a UsageError if it cannot
 * be read, is too long or is not UTF-8.
 */
export async function readText(path: string, signal: AbortSignal): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of readChunks(path, signal)) {
    length += part.length;
    if (length > LONGEST_TEXT)
      throw new UsageError(`${nameOf(path)} is longer than ${LONGEST_TEXT >> 20} MiB`);
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  if (!isUtf8(bytes))
    throw new UsageError(`${nameOf(path)} is not valid UTF-8 text: ${whatElse(bytes, path)}`);
  return new TextDecoder().decode(bytes);
}

/** What a file that is not UTF-8 may be, and what to do about it. */
function whatElse(bytes: Buffer, path: string): string {
  const file = path === '-' ? '' : ` ${path}`;
  const [first, second] = bytes;
  if (first === 0x1f && second === 0x8b) return `it is compressed, gzip -dc${file} unpacks it`;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return `it is UTF-16, iconv -f utf-16 -t utf-8${file} converts it`;
  return `byte ${firstInvalid(bytes)} is not; iconv -f latin1 -t utf-8${file} converts Latin-1`;
}

/** Where UTF-8 ends. */
function firstInvalid(bytes: Buffer): number {
  const text = bytes.toString('utf8');
  const replacement = Buffer.from('\ufffd');
  for (let at = 0, from = 0; ; at += replacement.length) {
    const found = text.indexOf('\ufffd', from);
    at += Buffer.byteLength(text.slice(from, found));
    if (!bytes.subarray(at, at + replacement.length).equals(replacement)) return at;
    from = found + 1;
  }
}
