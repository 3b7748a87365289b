/** Checkpoints of other programs, and the bundles made of them. */
export { ChoiceError } from './architecture.js';
export { bundleCheckpoint } from './training.js';
export { classify, type Classifier, readClassifier } from './classifier.js';
export type { Family } from './hyena/dialect.js';
export { exportOnnx, GRAPH_FILE, quantiseBundle, type QuantisedTensor } from '../bundle/index.js';
export { exportBundle, type Exported } from './export.js';
export { moduleOutput, MODULES } from './striped-hyena/modules.js';
export { readHyena, SAFARI } from './hyena/read.js';
export { importCheckpoint, type Imported, type ImportOptions } from './import.js';
export {
  type Checkpoint,
  checkpointFile,
  openCheckpoint,
  SafetensorsFile,
  safetensorsHeader,
  ShardedFile,
  type TensorInfo,
  type TensorSource,
  type TensorToWrite,
  TorchFile,
  writeSafetensors,
} from '../container/index.js';
