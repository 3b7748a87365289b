/** Opens a checkpoint, whatever its container. */
import { FileBytes } from '../format/index.js';
import { SafetensorsFile } from './safetensors.js';
import { ShardedFile } from './sharded.js';
import type { Checkpoint } from './source.js';
import { isLegacy } from './torch/legacy.js';
import { TorchFile } from './torch/torch-file.js';

/** How zip archives begin. */
const ZIP = Buffer.from('PK');
/** Enough to tell what a file is. */
const BEGINNING = 64;

/** Opens and validates a file by what is in it, not by its name; an index of shards excepted. Throws BundleError. */
export function openCheckpoint(file: string): Checkpoint {
  return file.endsWith('.json') ? ShardedFile.open(file, openOne) : openOne(file);
}

function openOne(file: string): Checkpoint {
  const bytes = FileBytes.open(file, 'a readable checkpoint');
  const first = bytes.read(0, Math.min(BEGINNING, bytes.size));
  bytes.close();
  if (first[0] === ZIP[0] && first[1] === ZIP[1]) return TorchFile.open(file);
  if (isLegacy(first)) return TorchFile.open(file, 'legacy');
  return SafetensorsFile.open(file);
}
