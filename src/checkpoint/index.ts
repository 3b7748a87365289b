/** Checkpoints of other programs, and the bundles made of them. */
export { bundleCheckpoint } from './training.js';
export type { Family } from './hyena/dialect.js';
export { exportOnnx, GRAPH_FILE } from '../bundle/export-onnx.js';
export { exportBundle, type Exported } from './export.js';
export { readHyena, SAFARI } from './hyena/read.js';
export { importCheckpoint, type Imported, type ImportOptions } from './import.js';
export { checkpointFile } from '../container/locate.js';
export { openCheckpoint } from '../container/open.js';
export { SafetensorsFile, writeSafetensors, type TensorToWrite } from '../container/safetensors.js';
export { ShardedFile } from '../container/sharded.js';
export { TorchFile } from '../container/torch/torch-file.js';
export type { Checkpoint, TensorInfo, TensorSource } from '../container/source.js';
