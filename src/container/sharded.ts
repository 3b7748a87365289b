/** A checkpoint in several safetensors files, with an index that says which tensor is in which. */
import { basename, dirname, join } from 'node:path';
import { BundleError } from '../format/errors.js';
import { Fields } from '../format/fields.js';
import { SafetensorsFile } from './safetensors.js';
import { readJsonFile } from '../checkpoint/hyena/settings.js';
import type { TensorInfo, TensorSource } from './source.js';

/** Files stand beside their index: a plain name, no way out. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const MOST_FILES = 1000;
const LONGEST_INDEX = 1 << 24;

export class ShardedFile implements TensorSource {
  private constructor(
    readonly file: string,
    private readonly shards: ReadonlyMap<string, SafetensorsFile>,
    private readonly shardOf: ReadonlyMap<string, SafetensorsFile>,
    readonly tensors: ReadonlyMap<string, TensorInfo>,
  ) {}

  /** Opens and validates the index and all its files. Throws BundleError. */
  static open(index: string): ShardedFile {
    const map = Fields.of(readJsonFile(index, LONGEST_INDEX), index).object('weight_map');
    const shards = new Map<string, SafetensorsFile>();
    const shardOf = new Map<string, SafetensorsFile>();
    const tensors = new Map<string, TensorInfo>();
    try {
      for (const name of map.names()) {
        const file = map.string(name, FILE_NAME, 'a plain file name');
        let shard = shards.get(file);
        if (shard === undefined) {
          if (shards.size === MOST_FILES) map.fail(name, `at most ${MOST_FILES} files`, 'more');
          shard = SafetensorsFile.open(join(dirname(index), file));
          shards.set(file, shard);
        }
        const info = shard.tensors.get(name) ?? map.fail(name, `a tensor in ${file}`, 'none');
        shardOf.set(name, shard);
        tensors.set(name, info);
      }
      for (const shard of shards.values()) {
        for (const name of shard.tensors.keys()) {
          if (shardOf.get(name) === shard) continue;
          map.fail(
            name,
            `${basename(shard.file)}, which holds it`,
            shardOf.has(name) ? 'another file' : 'none',
          );
        }
      }
      return new ShardedFile(index, shards, shardOf, tensors);
    } catch (error) {
      for (const shard of shards.values()) shard.close();
      throw error;
    }
  }

  read(name: string): Float32Array {
    const shard = this.shardOf.get(name);
    if (shard === undefined) {
      throw new BundleError({ file: this.file, field: name, expected: 'a tensor', got: 'none' });
    }
    return shard.read(name);
  }

  close(): void {
    for (const shard of this.shards.values()) shard.close();
  }
}
