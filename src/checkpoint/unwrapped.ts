/** Names as the model's own code gives them, whatever wrappers stood around it or parts of it when it was saved. */
import type { TensorInfo, TensorSource } from '../container/index.js';

/** What wrappers (DataParallel, compile, FSDP, DeepSpeed, activation checkpointing) put between two parts of a name. */
const WRAPPERS = new Set([
  'module',
  '_module',
  '_orig_mod',
  '_forward_module',
  '_fsdp_wrapped_module',
  '_fpw_module',
  '_checkpoint_wrapped_module',
]);

export class UnwrappedSource implements TensorSource {
  readonly file: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  private readonly given = new Map<string, string>();

  constructor(private readonly source: TensorSource) {
    this.file = source.file;
    const names = [...source.tensors.keys()];
    // Where two names would become one, wrappers tell two models apart.
    const clear = new Set(names.map(unwrap)).size === names.length;
    for (const name of names) this.given.set(clear ? unwrap(name) : name, name);
    this.tensors = new Map([...this.given].map(([name, given]) => [name, source.tensors.get(given)!]));
  }

  /** What the file calls a tensor. */
  givenName(name: string): string {
    return this.given.get(name) ?? name;
  }

  read(name: string): Float32Array {
    return this.source.read(this.givenName(name));
  }
}

function unwrap(name: string): string {
  return name
    .split('.')
    .filter((part) => !WRAPPERS.has(part))
    .join('.');
}
