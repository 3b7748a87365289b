/** Texts: the token loop for one or many, sampling, stops, saved states. */
export { callback, checkOptions, type Checks, signal, whole } from './checks.js';
export { Generation } from './generation.js';
export { mixerShape, roomAfter, roomFrom } from './lengths.js';
export { load, type Loaded, loadTokenizer, SHIPPED_MODEL } from './load.js';
export type { Logprobs, TokenLogprob } from './logprobs.js';
export { generateMany, type Item } from './many.js';
export { checkMemory } from './memory.js';
export {
  areStops,
  type ComputeOptions,
  isAllowed,
  LONGEST_STOPS,
  MIXER,
  type MixingChoice,
  threads,
} from './options.js';
export { DEFAULT_SAMPLING, defaultSampling, Sampler, type Sampling } from './sampler.js';
export { checkStateTarget, openState, type SavedState, StateWriteError } from './state-file.js';
export { Chunk, type TextResult } from './text-builder.js';
export { generate, promptIds, savedText, TextStream } from './text.js';
