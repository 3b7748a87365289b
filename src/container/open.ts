/** Opens a checkpoint, whatever its container. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BundleError } from '../format/errors.js';
import { FileBytes } from '../format/file.js';
import { SafetensorsFile } from './safetensors.js';
import { ShardedFile } from './sharded.js';
import type { TensorSource } from './source.js';
import { TorchFile } from './torch.js';

/** Files a checkpoint directory may hold its weights in, the preferred first. */
const WEIGHTS = [
  /^model\.safetensors$/,
  /\.safetensors\.index\.json$/,
  /\.safetensors$/,
  /^pytorch_model\.bin$/,
  /\.(pt|pth|bin|ckpt)$/,
];
/** How zip archives begin. */
const ZIP = Buffer.from('PK');

/** The file a path stands for: itself, or in a directory the one that holds the weights. Throws BundleError. */
export function checkpointFile(path: string): string {
  let directory: boolean;
  try {
    directory = statSync(path).isDirectory();
  } catch (error) {
    throw new BundleError({ file: path, expected: 'a checkpoint', got: 'nothing there' }, { cause: error });
  }
  if (!directory) return path;
  const files = readdirSync(path).sort();
  for (const pattern of WEIGHTS) {
    const found = files.filter((file) => pattern.test(file));
    if (found.length === 1) return join(path, found[0]);
    if (found.length > 1) {
      throw new BundleError({ file: path, expected: 'one checkpoint', got: found.join(', ') });
    }
  }
  const expected = 'a checkpoint directory (model.safetensors, its index, or a .pt, .bin or .ckpt file)';
  throw new BundleError({ file: path, expected, got: 'none of these in it' });
}

export type OpenCheckpoint = TensorSource & { readonly container: string };

/** Opens and validates a file by what is in it, not by its name. Throws BundleError. */
export function openCheckpoint(file: string): OpenCheckpoint {
  const bytes = FileBytes.open(file, 'a readable checkpoint');
  const first = bytes.read(0, Math.min(4, bytes.size));
  bytes.close();
  if (first[0] === ZIP[0] && first[1] === ZIP[1])
    return Object.assign(TorchFile.open(file), { container: 'torch' });
  if (file.endsWith('.json'))
    return Object.assign(ShardedFile.open(file), { container: 'safetensors, sharded' });
  return Object.assign(SafetensorsFile.open(file), { container: 'safetensors' });
}
