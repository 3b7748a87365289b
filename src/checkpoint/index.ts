/** Checkpoints of other programs, and the bundles made of them. */
export { bundleCheckpoint } from './training.js';
export { STEM, type Family } from './hyena/dialect.js';
export { exportBundle, type Exported } from './export.js';
export { readHyena, SAFARI } from './hyena/read.js';
export { importCheckpoint, type Imported, type ImportOptions } from './import.js';
export { checkpointFile, openCheckpoint } from '../container/open.js';
export { SafetensorsFile, writeSafetensors, type TensorToWrite } from '../container/safetensors.js';
export { ShardedFile } from '../container/sharded.js';
export { TorchFile } from '../container/torch.js';
export type { TensorInfo, TensorSource } from '../container/source.js';
