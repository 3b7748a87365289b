/** Checkpoints of other programs, and the bundles made of them. */
export { bundleCheckpoint } from './directory.js';
export { STEM, type Family } from './dialect.js';
export { exportBundle, type Exported } from './export.js';
export { readHyena, SAFARI } from './hyena.js';
export { importCheckpoint, type Imported, type ImportOptions } from './import.js';
export { checkpointFile, openCheckpoint } from './open.js';
export { SafetensorsFile, writeSafetensors, type TensorToWrite } from './safetensors.js';
export { ShardedFile } from './sharded.js';
export { TorchFile } from './torch.js';
export type { TensorInfo, TensorSource } from './source.js';
