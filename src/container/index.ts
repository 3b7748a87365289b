/** Files of tensors: safetensors, PyTorch’s, sharded. */
export { fromHalf, readable, toHalf } from './element.js';
export { checkpointFile, modelName } from './locate.js';
export { openCheckpoint } from './open.js';
export {
  readTable,
  SafetensorsFile,
  safetensorsHeader,
  type TensorToWrite,
  writeSafetensors,
} from './safetensors.js';
export { ShardedFile } from './sharded.js';
export type { Checkpoint, TensorInfo, TensorSource } from './source.js';
export { TorchFile } from './torch/torch-file.js';
