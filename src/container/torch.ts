/**
 * PyTorch's checkpoint files (`torch.save`, 1.6 and later): a zip archive of a pickle that describes the
 * tensors, `data.pkl`, and their storages' bytes, `data/KEY`. Nothing of the pickle is run.
 */
import { BundleError } from '../format/errors.js';
import { ELEMENTS, toFloat32 } from './element.js';
import { readPickle, TensorValue, type Pickled, type PickledTensor } from './pickle.js';
import type { TensorInfo, TensorSource } from './source.js';
import { ZipFile } from './zip.js';

/** A pickle of tensor descriptions takes some hundred bytes for each. */
const LONGEST_PICKLE = 1 << 24;
/** Where training programs keep the weights among other things; a bare dictionary of tensors needs none. */
const INSIDE = ['state_dict', 'model'];

export class TorchFile implements TensorSource {
  private constructor(
    private readonly zip: ZipFile,
    /** What the archive's entries begin with. */
    private readonly prefix: string,
    readonly tensors: ReadonlyMap<string, TensorInfo & { readonly pickled: PickledTensor }>,
  ) {}

  /** Opens and validates a file. Throws BundleError. */
  static open(file: string): TorchFile {
    const zip = ZipFile.open(file);
    try {
      const prefix = findPrefix(zip);
      const order =
        zip.size(`${prefix}byteorder`) === undefined ? 'little' : textOf(zip, `${prefix}byteorder`);
      if (order !== 'little') fail(file, 'byteorder', '"little"', JSON.stringify(order));
      const pickle = `${prefix}data.pkl`;
      const size = zip.size(pickle)!;
      if (size > LONGEST_PICKLE) fail(file, pickle, `at most ${LONGEST_PICKLE} bytes`, `${size}`);
      const tensors = new Map<string, TensorInfo & { pickled: PickledTensor }>();
      for (const [name, pickled] of findTensors(readPickle(zip.read(pickle), file), file)) {
        checkStorage(zip, prefix, name, pickled);
        tensors.set(name, { dtype: pickled.storage.dtype, shape: pickled.shape, pickled });
      }
      return new TorchFile(zip, prefix, tensors);
    } catch (error) {
      zip.close();
      throw error;
    }
  }

  get file(): string {
    return this.zip.file;
  }

  read(name: string): Float32Array {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) fail(this.file, name, 'a tensor', 'none');
    const { storage } = tensor.pickled;
    return window(
      toFloat32(storage.dtype, this.zip.read(`${this.prefix}data/${storage.key}`)),
      tensor.pickled,
    );
  }

  close(): void {
    this.zip.close();
  }
}

/** The archive's one folder: the name the file had when it was saved. */
function findPrefix(zip: ZipFile): string {
  const pickles = zip.names().filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    fail(zip.file, '', 'a PyTorch checkpoint, with one data.pkl', `a zip archive with ${pickles.length}`);
  }
  return pickles[0].slice(0, -'data.pkl'.length);
}

function textOf(zip: ZipFile, name: string): string {
  // Longer than this it is not the word it should be.
  return (zip.size(name) ?? 0) > 16 ? '' : Buffer.from(zip.read(name)).toString('latin1');
}

/** The tensors of the dictionary at the top, or of the one inside that holds the weights. */
function findTensors(top: Pickled, file: string): Map<string, PickledTensor> {
  const inside =
    top instanceof Map ? INSIDE.map((key) => top.get(key)).find((v) => v instanceof Map) : undefined;
  const dict = inside ?? top;
  if (!(dict instanceof Map)) fail(file, 'pickle', 'a dictionary of tensors', 'something else');
  const tensors = new Map<string, PickledTensor>();
  for (const [name, value] of dict) {
    if (typeof name !== 'string' || name === '' || !(value instanceof TensorValue)) {
      const got = typeof name === 'string' ? `${JSON.stringify(name)}, which is none` : 'another key';
      fail(file, 'pickle', 'a dictionary of names and tensors (a state_dict)', got);
    }
    tensors.set(name, value.tensor);
  }
  return tensors;
}

function checkStorage(zip: ZipFile, prefix: string, name: string, { storage }: PickledTensor): void {
  const entry = `${prefix}data/${storage.key}`;
  const size = zip.size(entry);
  const wanted = storage.length * ELEMENTS[storage.dtype].bytes;
  if (size !== wanted) {
    fail(zip.file, name, `${wanted} bytes in ${entry}`, size === undefined ? 'no such entry' : `${size}`);
  }
}

/** The tensor's elements, row-major; the storage itself where they lie in it that way. */
function window(storage: Float32Array, { offset, shape, strides }: PickledTensor): Float32Array {
  const length = shape.reduce((product, size) => product * size, 1);
  let dense = 1;
  let contiguous = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== dense) contiguous = false;
    dense *= shape[axis];
  }
  if (contiguous || length === 0) return storage.subarray(offset, offset + length);
  const values = new Float32Array(length);
  const index = shape.map(() => 0);
  let from = offset;
  for (let i = 0; i < length; i++) {
    values[i] = storage[from];
    // Counts up like an odometer, the last axis fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return values;
}

function fail(file: string, field: string, expected: string, got: string): never {
  throw new BundleError({ file, field, expected, got });
}
