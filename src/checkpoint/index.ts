/** Checkpoints of other programs, and the bundles made of them. */
export { bundleCheckpoint } from './directory.js';
export { readHyena, SAFARI, type Dialect } from './hyena.js';
export { SafetensorsFile, writeSafetensors } from './safetensors.js';
export type { TensorInfo, TensorSource } from './source.js';
