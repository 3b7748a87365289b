/** The model: bundles, and the dense part of a Hyena language model in ONNX Runtime. */
export {
  type Bundle,
  type BundleConfig,
  checkDimensions,
  CONFIG_FILE,
  type FileEntry,
  type FilterDimensions,
  FORMAT_NAME,
  FORMAT_VERSION,
  hyenaDimensions,
  type HyenaDimensions,
  hyenaModel,
  identify,
  LABEL,
  type LayerSpec,
  type MixerSpec,
  type MlpSpec,
  type ModelDimensions,
  type NormSpec,
  openBundle,
  otherThanBundle,
  readConfig,
  readFileNames,
  type TensorNames,
  TOKENIZER_FILE,
  type TokenizerReference,
  WEIGHTS_FILE,
} from '../bundle/index.js';
export { BundleError, type BundleProblem } from '../format/index.js';
export { openModel } from './model.js';
export { timeNodes } from './nodes.js';
export { logProbability } from './probability.js';
export { StepState } from './state.js';
export { checkToken } from './token.js';
export type * from './types.js';
