import { checkFree, gibibytes, MemoryError } from '../format/index.js';
import type { Recipe } from '../mixer/index.js';
import type { LanguageModel } from '../model/index.js';

/** Throws a MemoryError if the machine has not as much to give as a mixer will hold. */
export function checkMemory({ name, shape, bytes }: Recipe): void {
  const available = process.availableMemory();
  if (bytes <= available) return;
  throw new MemoryError(
    `the ${name} mixer needs ${gibibytes(bytes)} for ${shape.length} positions of ` +
      `${shape.convolutions} x ${shape.width} channels, and ${gibibytes(available)} are free`,
  );
}

/**
 * Throws a MemoryError if the machine has not as much to give as sequences side by side will carry, keys and values of so many
 * tokens each, beside `held` bytes of the mixer's.
 */
export function checkStates(model: LanguageModel, count: number, tokens: number, held = 0): void {
  const each = count === 1 ? '' : `${count} times `;
  checkFree(
    count * model.stateBytes(tokens) + held,
    `states, keys and values of ${each}${tokens} tokens${held > 0 ? ', and the mixer,' : ''}`,
  );
}
