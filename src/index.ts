/** flashinf as a library: everything the command line does, a program can do. */
export * from './mixer/index.js';
export * from './model/index.js';
export * from './text/index.js';
export { exportBundle, importCheckpoint, type Imported, type ImportOptions } from './checkpoint/index.js';
export { load, type Loaded } from './generation/load.js';
export {
  Generation,
  MemoryError,
  type GenerationOptions,
  type StopReason,
  type Timings,
} from './generation/generation.js';
export { computeActivations, type ActivationOptions, type Activations } from './generation/activations.js';
export { createSampler, DEFAULT_SAMPLING, type Sampler, type Sampling } from './generation/sampler.js';
export { evaluate, type Bucket, type EvaluateOptions, type Evaluation } from './bench/evaluate.js';
export { measureMixing, type MixingOptions, type MixingResult } from './bench/mixing.js';
export { measureGeneration, type EndToEnd, type EndToEndOptions } from './bench/end-to-end.js';
