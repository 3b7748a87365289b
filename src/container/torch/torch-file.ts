/**
 * PyTorch's checkpoint files (`torch.save`): a pickle that describes tensors, and the bytes of their storages.
 * Since 1.6 a file is a zip archive of both; before, it was the one after the other. Nothing of the pickle is run.
 */
import { BundleError, type Json } from '../../format/index.js';
import { ELEMENTS, readable } from '../element.js';
import { Instance, type Pickled } from '../pickle/values.js';
import type { Checkpoint, TensorInfo, TensorSource } from '../source.js';
import { openArchive } from './archive.js';
import { findDictionaries, type Tensors } from './dictionaries.js';
import { openLegacy } from './legacy.js';
import { plainOf } from './plain.js';
import { readWindow, type ReadStorage } from './window.js';

/** One of the two forms of a file. */
export interface TorchForm {
  readonly file: string;
  readonly value: Pickled;
  /** Bytes stored under a key; undefined where there is no such storage. */
  size(key: string): number | undefined;
  readonly read: ReadStorage;
  close(): void;
}

export class TorchFile implements Checkpoint {
  readonly dictionaries: ReadonlyMap<string, TensorSource>;

  private constructor(
    private readonly form: TorchForm,
    readonly container: string,
  ) {
    this.dictionaries = new Map(
      [...findDictionaries(form.value)].map(([path, tensors]) => [path, new Dictionary(form, tensors)]),
    );
  }

  /** Opens and validates a file. Throws BundleError. */
  static open(file: string, form: 'archive' | 'legacy' = 'archive'): TorchFile {
    const opened = form === 'archive' ? openArchive(file) : openLegacy(file);
    try {
      return new TorchFile(opened, form === 'archive' ? 'torch' : 'torch, from before 1.6');
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  get file(): string {
    return this.form.file;
  }

  private get outermost(): ReadonlyMap<Pickled, Pickled> {
    const { value } = this.form;
    const dict = value instanceof Instance ? (value.entries ?? value.state) : value;
    return dict instanceof Map ? dict : new Map<Pickled, Pickled>();
  }

  has(name: string): boolean {
    return this.outermost.has(name);
  }

  beside(name: string): Json | undefined {
    const found = this.outermost.get(name);
    return found === undefined ? undefined : plainOf(found);
  }

  close(): void {
    this.form.close();
  }
}

class Dictionary implements TensorSource {
  readonly file: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;

  constructor(
    private readonly form: TorchForm,
    private readonly pickled: Tensors,
  ) {
    this.file = form.file;
    for (const [name, { storage }] of pickled) {
      const size = form.size(storage.key);
      const wanted = storage.stored * ELEMENTS[storage.dtype].bytes;
      if (size === wanted) continue;
      const got = size === undefined ? 'no such storage' : `${size}`;
      this.fail(name, `${wanted} bytes in storage ${storage.key}`, got);
    }
    this.tensors = pickled;
  }

  read(name: string): Float32Array {
    const tensor = this.pickled.get(name) ?? this.fail(name, 'a tensor', 'none');
    if (!readable(tensor.dtype)) this.fail(name, 'values that weights are stored in', tensor.dtype);
    return readWindow(tensor, this.form.read);
  }

  private fail(field: string, expected: string, got: string): never {
    throw new BundleError({ file: this.file, field, expected, got });
  }
}
