import type { LanguageModel } from '../model/index.js';

/**
 * How a prompt gets into the mixer.
 *
 * - `steps`: token by token, like what is generated after it. Few tokens are through in the time that it takes to load the
 *   graphs that prompts have otherwise; and several texts do it side by side.
 * - `fill`: all layers at once, and their mixers' inputs are filled in as if they had been generated: in O(P log P), however
 *   many positions follow.
 * - `offline`: what is longer than what is to follow is convolved offline and forgotten. What it adds to the positions to
 *   come starts them as pending sums, and they are a fresh online convolution from position 0.
 *
 * So a mixer has at most twice as many positions as there are tokens to come, or `STEPS` more than these.
 */
export type Reading = 'steps' | 'fill' | 'offline';

/** The longest prompt that is read in steps. */
export const STEPS = 64;

/** How prompts of a model have to be read, if there is no choice: taps that depend on the data come out of steps. */
export function readingFor({ filter }: LanguageModel): Reading | undefined {
  return filter && 'steps';
}

/** How a prompt of so many tokens is read, for `ahead` positions after it. */
export function readingOf(prompt: number, ahead: number): Reading {
  if (prompt > 0 && prompt <= STEPS) return 'steps';
  return prompt <= ahead ? 'fill' : 'offline';
}
