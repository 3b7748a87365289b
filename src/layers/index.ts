/** Kinds of layers, norms and MLPs, as pieces of the step graph and of the prompt’s. */
export { blockGraph, headGraph } from './block-graph.js';
export {
  type Activation,
  ACTIVATIONS,
  type AttentionSpec,
  type DataDependentSpec,
  type HyenaSpec,
  KEY_VALUE_TYPES,
  type KeyValueType,
  type LayerSpec,
  type ModalSpec,
  type MixerSpec,
  type MlpSpec,
  type ModelDimensions,
  type NormSpec,
  type WindowSpec,
} from './dimensions.js';
export { dataDependentTensors } from './data-dependent.js';
export { innerGate } from './hyena.js';
export { scalesOf } from './linear.js';
export { convolutions, convolutionsOf, filtersOf, stateOf } from './kinds.js';
export {
  headsOf,
  LAYER_PARTS,
  type LayerPart,
  recurrentGraph,
  type RecurrentOptions,
  recurrentTensors,
} from './recurrent-graph.js';
export type { StackedState } from './state.js';
export { type HeadOptions, stepGraph } from './step-graph.js';
