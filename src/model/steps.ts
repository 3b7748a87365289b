import type { StepState } from './state.js';
import type { StepResult } from './types.js';

/** What takes one token of every sequence through the whole model. */
export interface Steps {
  /** A state at position 0. @param hidden whether steps also give what the head reads */
  start(lanes: number, hidden: boolean): StepState;
  /** See `LanguageModel.step`. */
  step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult>;
  close(): Promise<void>;
}
