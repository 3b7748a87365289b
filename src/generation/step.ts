import type { Mixer } from '../mixer/index.js';
import type { LanguageModel, StepState } from '../model/index.js';
import type { GrowingFilters } from './growing-filters.js';

/** Milliseconds of all steps so far. */
export interface StepTimings {
  /** The model's steps. */
  steps: number;
  /** Reading pending sums, and the tiles; filters that grow included. */
  mixing: number;
}

/** What a step goes through. */
export interface Running {
  readonly mixer: Mixer;
  readonly state: StepState;
  /** Those of the mixer, unless it has them whole. */
  readonly filters?: GrowingFilters;
}

/**
 * One token of every sequence through the model and into the mixer. Returns the logits after it, `[lane, vocabulary]`,
 * overwritten by the next.
 *
 * @param timings what it takes is added
 */
export async function step(
  model: LanguageModel,
  { mixer, state, filters }: Running,
  tokens: number | readonly number[],
  timings: StepTimings,
): Promise<Float32Array> {
  const mixing = performance.now();
  mixer.pending(state.pending);
  const stepping = performance.now();
  const { logits, y } = await model.step(state, tokens);
  const stepped = performance.now();
  if (filters !== undefined) await filters.step(mixer.position + 1);
  mixer.push(y);
  timings.steps += stepped - stepping;
  timings.mixing += performance.now() - stepped + (stepping - mixing);
  return logits;
}
