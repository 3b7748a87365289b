/** How fast: mixers alone, and in the model. */
export {
  compareTexts,
  type EndToEnd,
  type EndToEndOptions,
  measureGeneration,
  measureModelAlone,
  measureTogether,
} from './end-to-end.js';
export { type Contender, measureMixing, type MixingResult } from './mixing.js';
export { type Provenance, provenance } from './provenance.js';
export { measureStep, type StepCost, type TokenCost } from './step.js';
export type { Quantiles } from './quantiles.js';
