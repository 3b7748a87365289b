/** SHA-256 of files, in bounded memory. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';

/** Large enough that calls cost nothing, small enough to stay in the processor's cache between read and hash. */
const CHUNK = 1 << 18;

/** Hex SHA-256 of an open file from where it stands to its end. */
export function sha256OfFile(descriptor: number): string {
  const hash = createHash('sha256');
  const chunk = new Uint8Array(CHUNK);
  for (;;) {
    const read = readSync(descriptor, chunk);
    if (read === 0) return hash.digest('hex');
    hash.update(read === CHUNK ? chunk : chunk.subarray(0, read));
  }
}

/** Hex SHA-256 of a text. */
export function sha256OfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
