import { roomAfter } from '../../../generation/index.js';
import type { LanguageModel } from '../../../model/index.js';
import { UsageError } from '../../errors.js';

/** Refuses texts that are longer than the model's context. Throws a UsageError. */
export function checkLength(length: number, model: LanguageModel): void {
  const room = roomAfter(1, model);
  if (length <= room) return;
  throw new UsageError(`--len ${length} exceeds the model's context: it can be at most ${room}`);
}
