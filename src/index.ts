/** flashinf as a library: everything the command line does, a program can do. */

// Models
export { load, SHIPPED_MODEL, type Loaded } from './generation/load.js';
export type { BundleConfig } from './bundle/config.js';
export { BundleError } from './format/errors.js';
export type { StepState } from './model/state.js';
export type {
  ConvolutionStart,
  Device,
  DeviceChoice,
  HiddenChunk,
  LanguageModel,
  LogitsChunk,
  OpenOptions,
  Prefilled,
  PrefillOptions,
  Progress,
  ScoreOptions,
  SequenceOptions,
  Sequences,
  StepResult,
} from './model/types.js';
export { decode, neverDrawn, TextError, type Tokenizer } from './text/tokenizer.js';

// Files of sequences
export { type ReadOptions, readRecords, type RecordFormat } from './text/records/read.js';
export { RecordError, RecordsError, type TextRecord } from './text/records/record.js';
export type { LetterOptions, Letters } from './text/nucleotides.js';

// Checkpoints
export { exportOnnx } from './bundle/export-onnx.js';
/** @internal */
export { writeModel } from './bundle/write.js';
export { quantiseBundle, type QuantisedTensor, type WriteOptions } from './bundle/write.js';
export { exportBundle, type Exported } from './checkpoint/export.js';
export { importCheckpoint, type Imported, type ImportOptions } from './checkpoint/import.js';

// Texts
export { generate, TextStream, type TextOptions, type TextShape } from './generation/text.js';
export { generateMany, type Item, type ItemResult, type ManyOptions } from './generation/many.js';
export { Chunk, type StopType, type TextResult } from './generation/text-builder.js';
export type { StopReason, Timings } from './generation/generation.js';
export type { ComputeOptions, MixingChoice } from './generation/options.js';
export { MemoryError } from './format/memory.js';
export { openState, StateWriteError, type SavedState } from './generation/state-file.js';

// Drawing tokens
export {
  DEFAULT_SAMPLING,
  defaultSampling,
  Sampler,
  type Candidates,
  type SamplerOptions,
  type Sampling,
} from './generation/sampler.js';
export { logprobsOf, type Logprobs, type TokenLogprob } from './generation/logprobs.js';

// Evaluation
export { evaluate, type Bucket, type EvaluateOptions, type Evaluation } from './evaluation/evaluate.js';
export { type EmbeddedRecord, embedMany, type EmbedManyOptions, type Pooling } from './evaluation/embed.js';
export { type Score, scoreMany, type ScoredRecord, type ScoreManyOptions } from './evaluation/score.js';
export type { Sequence, SequenceReading } from './evaluation/sequences.js';
export { computeActivations, type ActivationOptions, type Activations } from './evaluation/activations.js';

// Mixing without a model
export { build, createMixer, fit, type MixerOptions } from './mixer/create.js';
export {
  createMixerOfKinds,
  type KindsOptions,
  type KindsShape,
  type MixerOfKinds,
} from './mixer/of-kinds.js';
export type { KernelsName, Recipe } from './mixer/engine/open.js';
export type { Mixer } from './mixer/mixer.js';
export type {
  DataDependentFilter,
  FilterKind,
  MixerName,
  MixerShape,
  ModalFilter,
  WindowFilter,
} from './mixer/shape.js';
export { modalTaps, type ComplexRows, type Modes } from './mixer/modes.js';
export { convolveOffline } from './mixer/offline.js';

// Plans, and what they are made from
export type { LevelPlan, Plan } from './mixer/plan/plan.js';
export {
  binaryPlan,
  flatPlan,
  flatPlans,
  planCost,
  planFor,
  plansFor,
  plansForFilter,
} from './mixer/plan/planner.js';
export type { CostTable } from './mixer/plan/costs.js';
export { machineCosts } from './mixer/plan/wisdom.js';
export { measureCosts, type MeasureOptions } from './mixer/tune/measure.js';

// The schedule, and other mixers on it
export {
  binaryLevels,
  flatLevels,
  tiles,
  type Level,
  type Range,
  type Tile,
} from './mixer/schedule/index.js';
export { tilingOf } from './mixer/plan/plan.js';
export * from './mixer/framework/index.js';

// Measurements
export type { MixingCase } from './bench/case.js';
export { measureMixing, type MixingOptions, type MixingRow } from './bench/mixing.js';
export { measureGeneration, type EndToEnd, type EndToEndOptions } from './bench/end-to-end.js';
