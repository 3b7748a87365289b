/** The folder that holds a model: opened, checked, written. */
export { type Bundle, openBundle, otherThanBundle } from './bundle.js';
export {
  type BundleConfig,
  checkDimensions,
  CONFIG_FILE,
  type FileEntry,
  FORMAT_NAME,
  FORMAT_VERSION,
  identify,
  LABEL,
  type LayerSpec,
  type MixerSpec,
  type MlpSpec,
  type ModelDimensions,
  type NormSpec,
  readConfig,
  readFileNames,
  type TensorNames,
  TOKENIZER_FILE,
  type TokenizerReference,
  WEIGHTS_FILE,
} from './config.js';
export { type GraphName, makeGraph, ROWS_OF_RECURRENCES } from './graphs.js';
export { Weights } from './weights-file.js';
export {
  type ModelContent,
  quantiseBundle,
  type QuantisedTensor,
  writeBundle,
  writeModel,
  type WriteOptions,
} from './write.js';
export { type Bits, storedTensors } from './quantised.js';
export { modelTensors } from './tensors.js';
export { exportOnnx, GRAPH_FILE } from './export-onnx.js';
export { type FilterDimensions, hyenaDimensions, type HyenaDimensions, hyenaModel } from '../hyena/index.js';
