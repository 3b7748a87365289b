/** How many tokens there is room for, and how many positions of a mixer they take. */
import type { MixerShape } from '../mixer/index.js';
import type { LanguageModel } from '../model/index.js';
import { readingOf, type Reading } from './reading.js';

/** Tokens to generate where nobody says how many, and there is room. */
export const DEFAULT_COUNT = 256;

/** Most tokens that can follow a prompt. The last one drawn is never fed back, so it takes no position. */
export function roomAfter(prompt: number, model: LanguageModel): number {
  return Math.max(0, model.config.model.context + 1 - prompt);
}

/** Most tokens that can still be drawn from where a mixer was saved. */
export function roomFrom({ mixer }: { mixer: { shape: MixerShape; position: number } }): number {
  return mixer.shape.length - mixer.position;
}

/**
 * The count asked for: -1 is all there is room for, none is `DEFAULT_COUNT` or as many as there is room for. Throws a
 * RangeError if there is no room for as many, or none at all.
 *
 * @param before tokens there are already
 */
export function countWithin(room: number, count: number | undefined, before: number): number {
  if (room === 0 && count !== 0)
    throw new RangeError(`after ${before} tokens the context has no room for more`);
  if (count === undefined) return Math.min(DEFAULT_COUNT, room);
  if (count > room) throw new RangeError(`after ${before} tokens there is room for ${room}, not ${count}`);
  return count === -1 ? room : count;
}

/** How a prompt is read, and the positions that it and what follows take. */
export interface Lengths {
  readonly reading: Reading;
  /** Positions after the prompt. */
  readonly ahead: number;
  /** Positions of the mixer. */
  readonly positions: number;
}

/**
 * What `count` tokens after a prompt take: one position per step, and the last token takes no step. There is always a
 * position more than the prompt's, unless the prompt fills the context.
 *
 * @param reading default: the quickest
 */
export function lengthsOf(prompt: number, count: number, context: number, reading?: Reading): Lengths {
  const ahead = Math.min(Math.max(1, count - 1), context - prompt);
  const how = reading ?? readingOf(prompt, ahead);
  return { reading: how, ahead, positions: Math.max(1, how === 'offline' ? ahead : prompt + ahead) };
}

/** The mixer for a text of `count` tokens that begins with nothing: a position for each that is fed back. */
export function mixerShape(model: LanguageModel, count: number): MixerShape {
  return shapeOf(model, Math.max(1, count - 1));
}

/** The mixer for so many positions. */
export function shapeOf(
  { convolutions, filter, config }: LanguageModel,
  length: number,
  lanes = 1,
): MixerShape {
  const { width } = config.model;
  return { convolutions, width, length, ...(lanes > 1 && { lanes }), ...(filter && { filter }) };
}
