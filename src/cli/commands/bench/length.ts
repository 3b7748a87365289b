import { roomAfter } from '../../../generation/index.js';
import type { LanguageModel } from '../../../model/index.js';
import { UsageError } from '../../errors.js';

/**
 * The length of texts: what was asked for, or, where nothing was, no more than the model's context. Throws a UsageError if that is
 * less than was asked for.
 */
export function lengthOfTexts(length: number, model: LanguageModel, given: boolean): number {
  const room = roomAfter(1, model);
  if (length <= room || !given) return Math.min(length, room);
  throw new UsageError(`--len ${length} exceeds the model's context: it can be at most ${room}`);
}
