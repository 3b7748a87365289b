import { readFileSync } from 'node:fs';

/** Refused before anything was allocated. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
}

/** Throws a MemoryError if the machine has not as many bytes to give as `what` will take. */
export function checkFree(bytes: number, what: string): void {
  const available = process.availableMemory();
  if (bytes <= available) return;
  throw new MemoryError(`${what} need ${gibibytes(bytes)} of memory, and ${gibibytes(available)} are free`);
}

/** In words. */
export function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** Bytes of address space that this process may have (`ulimit -v`), where the system says so: Linux. */
export function addressSpace(): number {
  try {
    const limit = /^Max address space +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Infinity : Number(limit);
  } catch {
    return Infinity;
  }
}
