/** The Hyena family: its dimensions, its implicit filters, its weights in the order of the graphs. */
export { type FilterDimensions, type HyenaDimensions, hyenaDimensions, hyenaModel } from './dimensions.js';
export { type Features, filterFeatures } from './features.js';
export { filterGraph, SMALLEST_TAP } from './filter-graph.js';
export {
  type FilterWeights,
  hyenaTensors,
  hyenaValues,
  type HyenaWeights,
  type LayerWeights,
  type Linear,
  type Norm,
  orientationOf,
  transpose,
  transposed,
  type Values,
} from './weights.js';
