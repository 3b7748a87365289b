/**
 * The functions that PyTorch rebuilds tensors with. Here they make descriptions. Whatever else a pickle calls
 * makes an Instance, and nothing is run.
 */
import { ELEMENTS } from '../element.js';
import {
  Global,
  Instance,
  Storage,
  TensorValue,
  Tuple,
  type Pickled,
  type PickledStorage,
  type PickledTensor,
} from './values.js';

/** Reports what is wrong with the file. */
export type Fail = (expected: string, got: string) => never;

const DTYPES: Readonly<Record<string, string>> = {
  float64: 'F64',
  double: 'F64',
  float32: 'F32',
  float: 'F32',
  float16: 'F16',
  half: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  long: 'I64',
  int32: 'I32',
  int: 'I32',
  int16: 'I16',
  short: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e8m0fnu: 'F8_E8M0',
  complex64: 'C64',
  complex128: 'C128',
};
const STORAGES: Readonly<Record<string, string>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64',
  ComplexDoubleStorage: 'C128',
  QInt32Storage: 'I32',
  QInt8Storage: 'I8',
  QUInt8Storage: 'U8',
  UntypedStorage: 'U8',
};
const MOST_DIMS = 8;
/**
 * Strides of 0 let a small storage stand for a tensor of any size. Such tensors are constants (a frequency that
 * is one number for all channels); together they may have this many elements more than are stored.
 */
const MOST_EXPANDED = 1 << 24;

/** Makes descriptions of the tensors of one pickle. */
export class TensorBuilder {
  /** Element types of all storages met, by key. */
  readonly storages = new Map<string, string>();
  private expanded = 0;

  constructor(private readonly fail: Fail) {}

  /** What a call with these arguments makes; undefined where it is none of PyTorch's functions for tensors. */
  call(name: string, args: readonly Pickled[]): Pickled | undefined {
    switch (name) {
      case 'torch._utils._rebuild_tensor': // (storage, offset, shape, strides)
      case 'torch._utils._rebuild_tensor_v2': // (…, requires_grad, hooks[, metadata])
        return this.tensor(args);
      case 'torch._utils._rebuild_tensor_v3': // (…, requires_grad, hooks, dtype[, metadata])
        return this.tensor(args, args[6] instanceof Global ? (dtypeOf(args[6].name) ?? null) : null);
      case 'torch._utils._rebuild_parameter': // (tensor, requires_grad, hooks)
      case 'torch._utils._rebuild_parameter_with_state': // (…, attributes)
      case 'torch.nn.parameter.Parameter':
        return args[0] instanceof TensorValue ? args[0] : undefined;
      case 'torch._tensor._rebuild_from_type': // (function, type, arguments, attributes)
      case 'torch._tensor._rebuild_from_type_v2': {
        const [callee, , inner] = args;
        // Never one of these two again, so this ends.
        const wanted = callee instanceof Global && callee.name.startsWith('torch._utils.');
        return wanted && inner instanceof Tuple ? this.call(callee.name, inner.items) : undefined;
      }
      case 'torch.Size':
        return args[0] instanceof Tuple ? args[0] : undefined;
      default:
        return undefined;
    }
  }

  /**
   * What a persistent id stands for: `('storage', type, key, device, length[, view])`, where a view is
   * `(key, offset, length)`, a part of the storage. Ids of other things (a module's source) are data like others.
   */
  storage(id: Pickled): Pickled {
    const [kind, type, key, , length, view = null] = id instanceof Tuple ? id.items : [];
    if (kind !== 'storage') return new Instance('persistent id', [id]);
    const dtype = type instanceof Global ? storageType(type.name) : undefined;
    if (dtype === undefined) return new Instance('storage', [id]);
    // Keys are numbers as text, in old files sometimes numbers.
    const name = typeof key === 'number' ? String(key) : key;
    if (typeof name !== 'string') this.fail('a storage', 'one without a key');
    this.storages.set(name, dtype);
    const [stored] = this.counts([length]);
    let part: Pick<PickledStorage, 'offset' | 'length'> = { offset: 0, length: stored };
    if (view !== null) {
      const [offset, size] = this.counts(view instanceof Tuple ? view.items.slice(1) : []);
      if (!(offset + size <= stored)) this.fail(`part of a storage of ${stored}`, `${size} from ${offset}`);
      part = { offset, length: size };
    }
    return new Storage({ dtype, key: name, stored, ...part });
  }

  /** @param dtype of the tensor, where the storage is bytes; null where that is not known */
  private tensor(items: readonly Pickled[], dtype?: string | null): Pickled {
    const [from, offset, shape, strides] = items;
    // Of a type that nobody here knows: data like other data.
    if (dtype === null || from instanceof Instance) return new Instance('tensor', items);
    if (items.length < 4 || items.length > 8 || !(from instanceof Storage)) {
      this.fail('a tensor of a storage', 'something else');
    }
    const storage = dtype === undefined ? from.storage : this.retyped(from.storage, dtype);
    const sizes = this.counts(this.sizes(shape));
    const steps = this.counts(this.sizes(strides));
    const [first] = this.counts([offset]);
    if (sizes.length !== steps.length) {
      this.fail('a stride for each size', `${steps.length} of ${sizes.length}`);
    }
    const elements = sizes.reduce((product, size) => product * size, 1);
    const last = elements === 0 ? 0 : sizes.reduce((sum, size, i) => sum + (size - 1) * steps[i], first) + 1;
    const { length } = storage;
    this.expanded += Math.max(0, elements - length);
    if (!(last <= length) || !(this.expanded <= MOST_EXPANDED)) {
      this.fail(`a tensor within its storage of ${length}`, `[${sizes.join(', ')}] from ${first}`);
    }
    const tensor: PickledTensor = {
      storage,
      dtype: storage.dtype,
      offset: first,
      shape: sizes,
      strides: steps,
    };
    return new TensorValue(tensor);
  }

  /** The same bytes as elements of another type. */
  private retyped(storage: PickledStorage, dtype: string): PickledStorage {
    const ratio = ELEMENTS[dtype].bytes / ELEMENTS[storage.dtype].bytes;
    const [offset, length, stored] = [storage.offset, storage.length, storage.stored].map((n) => n / ratio);
    if (![offset, length, stored].every(Number.isSafeInteger))
      this.fail(`whole elements of ${dtype}`, 'others');
    return { dtype, key: storage.key, offset, length, stored };
  }

  private sizes(value: Pickled): readonly Pickled[] {
    if (value instanceof Tuple) return value.items;
    return Array.isArray(value) ? value : this.fail('a tuple of sizes', 'something else');
  }

  private counts(items: readonly Pickled[]): number[] {
    if (items.length > MOST_DIMS) this.fail(`at most ${MOST_DIMS} dimensions`, `${items.length}`);
    return items.map((item) =>
      typeof item === 'number' && Number.isSafeInteger(item) && item >= 0
        ? item
        : this.fail('sizes', typeof item === 'number' ? String(item) : 'something else'),
    );
  }
}

/** `torch.FloatStorage`, or its device's, `torch.cuda.FloatStorage`. */
function storageType(name: string): string | undefined {
  const type = /^torch(?:\.storage|\.cuda)?\.(\w+)$/.exec(name)?.[1] ?? '';
  return Object.hasOwn(STORAGES, type) ? STORAGES[type] : undefined;
}

function dtypeOf(name: string): string | undefined {
  const type = /^torch\.(\w+)$/.exec(name)?.[1] ?? '';
  return Object.hasOwn(DTYPES, type) ? DTYPES[type] : undefined;
}
