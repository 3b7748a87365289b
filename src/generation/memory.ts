import type { Recipe } from '../mixer/index.js';

/** Refused before anything was allocated. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
}

/** Throws a MemoryError if the machine has not as much to give as a mixer will hold. */
export function checkMemory({ name, shape, bytes }: Recipe): void {
  const available = process.availableMemory();
  if (bytes <= available) return;
  throw new MemoryError(
    `the ${name} mixer needs ${gibibytes(bytes)} for ${shape.length} positions of ` +
      `${shape.convolutions} x ${shape.width} channels, and ${gibibytes(available)} are free`,
  );
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
