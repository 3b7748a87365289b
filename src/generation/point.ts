import type { MixerName, MixerShape, Plan } from '../mixer/index.js';

interface MixerFacts {
  /** What the model carries from token to token: `StepState.arrays`. */
  readonly state: readonly Float32Array[];
  readonly mixer: {
    readonly name: MixerName;
    readonly shape: MixerShape;
    readonly plan: Plan;
    readonly position: number;
  };
}

/** A run between two tokens, filters aside: a run that goes on from it draws bit-exactly what this one would have. */
interface TextFacts {
  /** Prompt and text; the last one was drawn, and has not been through the model yet. */
  readonly ids: readonly number[];
  /** How many of them are the prompt. */
  readonly prompt: number;
  /** The state of the sampler's generator. */
  readonly random: readonly number[];
}

/** Where a mixer and a model are. */
export interface MixerPoint extends MixerFacts {
  /** The mixer's arrays: views, to be read before the run goes on or ends. */
  readonly arrays: readonly Float32Array[];
}

/** Where a mixer and a model were. */
export interface SavedMixer extends MixerFacts {
  /** Overwrites a mixer's arrays with the ones saved. */
  readonly restore: (arrays: readonly Float32Array[]) => void;
}

/** Where a text is, between two tokens. */
export interface Point extends TextFacts, MixerPoint {}

/** Where a text was. */
export interface SavedPoint extends TextFacts, SavedMixer {}
