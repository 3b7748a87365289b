import { bytesNeeded, flatPlan, type MixerName, type MixerShape } from '../mixer/index.js';

/** Refused before anything was allocated. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
}

/** The bytes a mixer will hold. Throws a MemoryError if the machine has not that much to give. */
export function checkMemory(
  shape: MixerShape,
  mixer: MixerName,
  threads: number,
  plan = flatPlan(shape.length),
): number {
  const bytes = bytesNeeded(shape, mixer, plan, threads);
  const available = process.availableMemory();
  if (bytes > available) {
    throw new MemoryError(
      `the ${mixer} mixer needs ${gibibytes(bytes)} for ${shape.length} positions of ` +
        `${shape.convolutions} x ${shape.width} channels, and ${gibibytes(available)} are free`,
    );
  }
  return bytes;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
