/** How fast: mixers alone, and in the model. */
export { type Comparison, compareRuns } from './compare.js';
export { type Crossing } from './crossover.js';
export { type Estimate } from './estimate.js';
export { type Curve } from './curve.js';
export type { BenchShape } from './case.js';
export type { MixingRow } from './mixing.js';
export { type Provenance, provenance } from './provenance.js';
export type { Quantiles } from './quantiles.js';
export {
  type BenchReport,
  type EndToEndReport,
  type EndToEndRow,
  type LengthRow,
  REPORT_FORMAT,
  REPORT_VERSION,
} from './report.js';
export { ALONE, type BenchHooks, type BenchRequest, runBench } from './run.js';
export { NOTICED } from './short-texts.js';
export { type SyntheticShape, writeSynthetic } from './synthetic.js';
export { measureStep, type StepCost, type TokenCost } from './step.js';
export { generatedBy, isTiling, type Variant, VARIANTS } from './variants.js';
