/** The folder that holds a model: opened, checked, written. */
export { type Bundle, openBundle, otherThanBundle } from './bundle.js';
export {
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
  readConfig,
  readFileNames,
  type TensorNames,
  TOKENIZER_FILE,
  type TokenizerReference,
  WEIGHTS_FILE,
} from './config.js';
export { type GraphName, makeGraph } from './graphs.js';
export { Weights } from './weights-file.js';
export { quantiseBundle, type QuantisedTensor, writeBundle, type WriteOptions } from './write.js';
export { type Bits, storedTensors } from './quantised.js';
export { exportOnnx, GRAPH_FILE } from './export-onnx.js';
