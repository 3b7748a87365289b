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
