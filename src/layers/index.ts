/** Kinds of layers, norms and MLPs, as pieces of the step graph and of the prompt’s. */
export { blockGraph, headGraph } from './block-graph.js';
export {
  type Activation,
  ACTIVATIONS,
  type LayerSpec,
  type MixerSpec,
  type MlpSpec,
  type ModelDimensions,
  type NormSpec,
} from './dimensions.js';
export { innerGate } from './hyena.js';
export { scalesOf } from './linear.js';
export { convolutions, convolutionsOf, stateOf } from './kinds.js';
export type { StackedState } from './state.js';
export { type HeadOptions, stepGraph } from './step-graph.js';
