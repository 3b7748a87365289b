/** flashinf as a library: everything the command line does, a program can do. */
export * from './mixer/index.js';
export * from './model/index.js';
export * from './text/index.js';
export {
  exportBundle,
  exportOnnx,
  importCheckpoint,
  type Imported,
  type ImportOptions,
} from './checkpoint/index.js';
export { load, SHIPPED_MODEL, type Loaded } from './generation/load.js';
export {
  Generation,
  type GenerationOptions,
  type StopReason,
  type Timings,
} from './generation/generation.js';
export { MemoryError } from './generation/memory.js';
export type { Point, SavedPoint } from './generation/point.js';
export { computeActivations, type ActivationOptions, type Activations } from './evaluation/activations.js';
export {
  DEFAULT_SAMPLING,
  Sampler,
  type Candidates,
  type SamplerOptions,
  type Sampling,
} from './generation/sampler.js';
export { logprobsOf, type Logprobs, type TokenLogprob } from './generation/logprobs.js';
export { openState, StateWriteError, writeState, type SavedState } from './generation/state-file.js';
export type { SavedText } from './generation/state-header.js';
export { Chunk, type StopType, type TextResult } from './generation/text-builder.js';
export { generateMany, type Item, type ItemResult, type ManyOptions } from './generation/many.js';
export { generate, TextStream, type TextOptions, type TextShape } from './generation/text.js';
export { evaluate, type Bucket, type EvaluateOptions, type Evaluation } from './evaluation/evaluate.js';
export { measureMixing, type MixingOptions, type MixingResult } from './bench/mixing.js';
export { measureGeneration, type EndToEnd, type EndToEndOptions } from './bench/end-to-end.js';
