/** A checkpoint in several files, safetensors or PyTorch's, with an index that says which tensor is in which. */
import { basename, dirname, join } from 'node:path';
import { BundleError, Fields, readJsonFile } from '../format/index.js';
import type { Checkpoint, TensorInfo, TensorSource } from './source.js';

/** Files stand beside their index: a plain name, no way out. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const MOST_FILES = 1000;
const LONGEST_INDEX = 1 << 26;

export class ShardedFile implements Checkpoint, TensorSource {
  readonly dictionaries = new Map([['', this]]);

  private constructor(
    readonly file: string,
    readonly container: string,
    private readonly shards: readonly Checkpoint[],
    private readonly shardOf: ReadonlyMap<string, TensorSource>,
    readonly tensors: ReadonlyMap<string, TensorInfo>,
  ) {}

  /**
   * Opens and validates the index and all its files. Throws BundleError.
   *
   * @param openShard opens one of them
   */
  static open(index: string, openShard: (file: string) => Checkpoint): ShardedFile {
    const map = Fields.of(readJsonFile(index, LONGEST_INDEX), index).object('weight_map');
    const opened: Checkpoint[] = [];
    const shards = new Map<string, TensorSource>();
    const shardOf = new Map<string, TensorSource>();
    const tensors = new Map<string, TensorInfo>();
    try {
      for (const name of map.names()) {
        const file = map.string(name, FILE_NAME, 'a plain file name');
        let shard = shards.get(file);
        if (shard === undefined) {
          if (shards.size === MOST_FILES) map.fail(name, `at most ${MOST_FILES} files`, 'more');
          const checkpoint = openShard(join(dirname(index), file));
          opened.push(checkpoint);
          shard = checkpoint.dictionaries.get('') ?? map.fail(name, `tensors in ${file}`, 'none');
          shards.set(file, shard);
        }
        const info = shard.tensors.get(name) ?? map.fail(name, `a tensor in ${file}`, 'none');
        shardOf.set(name, shard);
        tensors.set(name, info);
      }
      for (const shard of shards.values()) {
        for (const name of shard.tensors.keys()) {
          if (shardOf.get(name) === shard) continue;
          const got = shardOf.has(name) ? 'another file' : 'none';
          map.fail(name, `${basename(shard.file)}, which holds it`, got);
        }
      }
      const container = `${opened[0]?.container ?? 'nothing'}, sharded`;
      return new ShardedFile(index, container, opened, shardOf, tensors);
    } catch (error) {
      for (const shard of opened) shard.close();
      throw error;
    }
  }

  read(name: string): Float32Array {
    const shard = this.shardOf.get(name);
    if (shard !== undefined) return shard.read(name);
    throw new BundleError({ file: this.file, field: name, expected: 'a tensor', got: 'none' });
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  beside(): undefined {
    return undefined;
  }

  close(): void {
    for (const shard of this.shards) shard.close();
  }
}
