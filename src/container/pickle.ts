/**
 * Python pickles, as far as PyTorch checkpoints need them. A pickle is a program for a stack machine, and one
 * of its instructions calls any function by name: loading a stranger's checkpoint in Python can run anything.
 * This machine has no such power. It knows plain containers, strings and numbers, and of all functions only
 * those that PyTorch rebuilds tensors with, which here make descriptions; every other instruction or name is
 * refused. Nothing is allocated that the pickle's own length does not bound.
 */
import { BundleError } from '../format/errors.js';

/** A tensor as the pickle describes it: a strided window on a storage. Sizes and strides in elements. */
export interface PickledTensor {
  readonly storage: PickledStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export interface PickledStorage {
  /** Element type, under the names of safetensors. */
  readonly dtype: string;
  readonly key: string;
  /** In elements. */
  readonly length: number;
}

export type Pickled =
  | null
  | boolean
  | number
  | string
  | Pickled[]
  | Map<Pickled, Pickled>
  | Tuple
  | Global
  | Storage
  | TensorValue;

export class Tuple {
  constructor(readonly items: readonly Pickled[]) {}
}
/** A function or class by its full name. */
class Global {
  constructor(readonly name: string) {}
}
class Storage {
  constructor(readonly storage: PickledStorage) {}
}
export class TensorValue {
  constructor(readonly tensor: PickledTensor) {}
}

const STORAGES: Readonly<Record<string, string>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
};
const ORDERED_DICT = 'collections.OrderedDict';
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';
const FUNCTIONS = new Set([ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER]);
const MOST_DIMS = 8;
const NEWEST_PROTOCOL = 5;

/** Reads a whole pickle. `file` names it in errors. Throws BundleError. */
export function readPickle(bytes: Uint8Array, file: string): Pickled {
  return new Machine(bytes, file).run();
}

class Machine {
  private readonly view: DataView;
  private at = 0;
  /** Where the instruction in progress starts, for messages. */
  private start = 0;
  private stack: Pickled[] = [];
  /** The stacks below, one for each mark that is open. */
  private readonly marks: Pickled[][] = [];
  private readonly memo = new Map<number, Pickled>();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Pickled {
    for (;;) {
      this.start = this.at;
      const opcode = this.byte();
      if (opcode === 0x2e /* STOP */) {
        const result = this.pop();
        if (this.stack.length > 0 || this.marks.length > 0) this.fail('one result', 'more');
        if (this.at < this.bytes.length) this.fail('the end', `${this.bytes.length - this.at} more bytes`);
        return result;
      }
      this.execute(opcode);
    }
  }

  private execute(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        if (this.byte() > NEWEST_PROTOCOL) this.fail(`protocol ${NEWEST_PROTOCOL} or older`, 'a newer one');
        return;
      case 0x95: // FRAME: a hint for reading ahead
        this.take(8);
        return;

      case 0x4e: // NONE
        return this.push(null);
      case 0x88: // NEWTRUE
        return this.push(true);
      case 0x89: // NEWFALSE
        return this.push(false);
      case 0x4b: // BININT1
        return this.push(this.byte());
      case 0x4d: // BININT2
        return this.push(this.view.getUint16(this.take(2), true));
      case 0x4a: // BININT
        return this.push(this.view.getInt32(this.take(4), true));
      case 0x8a: // LONG1
        return this.push(this.long(this.byte()));
      case 0x47: // BINFLOAT, big-endian
        return this.push(this.view.getFloat64(this.take(8)));
      case 0x58: // BINUNICODE
        return this.push(this.text(this.view.getUint32(this.take(4), true)));
      case 0x8c: // SHORT_BINUNICODE
        return this.push(this.text(this.byte()));

      case 0x28: // MARK
        this.marks.push(this.stack);
        this.stack = [];
        return;
      case 0x29: // EMPTY_TUPLE
        return this.push(new Tuple([]));
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.push(new Tuple(this.popMany(opcode - 0x84)));
      case 0x74: // TUPLE
        return this.push(new Tuple(this.popMarked()));
      case 0x5d: // EMPTY_LIST
        return this.push([]);
      case 0x61: // APPEND
        return this.append([this.pop()]);
      case 0x65: // APPENDS
        return this.append(this.popMarked());
      case 0x7d: // EMPTY_DICT
        return this.push(new Map());
      case 0x73: // SETITEM
        return this.setItems(this.popMany(2));
      case 0x75: // SETITEMS
        return this.setItems(this.popMarked());

      case 0x71: // BINPUT
        return this.put(this.byte());
      case 0x72: // LONG_BINPUT
        return this.put(this.view.getUint32(this.take(4), true));
      case 0x94: // MEMOIZE
        return this.put(this.memo.size);
      case 0x68: // BINGET
        return this.get(this.byte());
      case 0x6a: // LONG_BINGET
        return this.get(this.view.getUint32(this.take(4), true));

      case 0x63: // GLOBAL
        return this.push(this.global(this.line(), this.line()));
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string') this.fail('two names', 'something else');
        return this.push(this.global(module, name));
      }
      case 0x51: // BINPERSID
        return this.push(this.storage(this.pop()));
      case 0x52: {
        // REDUCE
        const [callee, args] = this.popMany(2);
        return this.push(this.call(callee, args));
      }
      case 0x62: // BUILD
        return this.build();
      default:
        this.fail('an instruction that builds tensors or containers', `0x${opcode.toString(16)}`);
    }
  }

  private global(module: string, name: string): Global {
    const full = `${module}.${name}`;
    if (!FUNCTIONS.has(full) && !Object.hasOwn(STORAGES, full)) {
      this.fail('the names tensors are built with', `${full}: save the weights (a state_dict) alone`);
    }
    return new Global(full);
  }

  /** The functions a checkpoint may call. */
  private call(callee: Pickled, args: Pickled): Pickled {
    const items = args instanceof Tuple ? args.items : this.fail('arguments in a tuple', 'something else');
    const name = callee instanceof Global ? callee.name : this.fail('a function', 'something else');
    if (name === ORDERED_DICT) {
      if (items.length > 0) this.fail('an empty OrderedDict', 'arguments');
      return new Map();
    }
    if (name === REBUILD_TENSOR) return this.tensor(items);
    if (name === REBUILD_PARAMETER) {
      return items[0] instanceof TensorValue ? items[0] : this.fail('a tensor', 'something else');
    }
    return this.fail('a function', name);
  }

  /** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks[, metadata])`. */
  private tensor(items: readonly Pickled[]): TensorValue {
    const [storage, offset, shape, strides] = items;
    if (items.length < 6 || items.length > 7 || !(storage instanceof Storage)) {
      this.fail('a tensor of a storage', 'something else');
    }
    const sizes = this.counts(shape);
    const steps = this.counts(strides);
    const [first] = this.counts(new Tuple([offset]));
    if (sizes.length !== steps.length)
      this.fail('a stride for each size', `${steps.length} of ${sizes.length}`);
    const elements = sizes.reduce((product, size) => product * size, 1);
    const last = elements === 0 ? 0 : sizes.reduce((sum, size, i) => sum + (size - 1) * steps[i], first) + 1;
    const { length } = storage.storage;
    // Strides of 0 would let a small storage stand for an endless tensor.
    if (!(last <= length) || !(elements <= length)) {
      this.fail(`a tensor within its storage of ${length}`, `[${sizes.join(', ')}] from ${first}`);
    }
    return new TensorValue({ storage: storage.storage, offset: first, shape: sizes, strides: steps });
  }

  private counts(value: Pickled): number[] {
    const items = value instanceof Tuple ? value.items : this.fail('a tuple of sizes', 'something else');
    if (items.length > MOST_DIMS) this.fail(`at most ${MOST_DIMS} dimensions`, `${items.length}`);
    return items.map((item) =>
      typeof item === 'number' && Number.isSafeInteger(item) && item >= 0
        ? item
        : this.fail('sizes', typeof item === 'number' ? String(item) : 'something else'),
    );
  }

  /** What a persistent id stands for in a checkpoint: `('storage', type, key, device, length)`. */
  private storage(id: Pickled): Storage {
    const [kind, type, key, , length] = id instanceof Tuple ? id.items : [];
    const dtype =
      type instanceof Global && Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
    if (kind !== 'storage' || dtype === undefined || typeof key !== 'string') {
      this.fail('a storage', 'something else');
    }
    return new Storage({ dtype, key, length: this.counts(new Tuple([length]))[0] });
  }

  /** Attributes of an OrderedDict (PyTorch's `_metadata`) say nothing of the weights. */
  private build(): void {
    this.pop();
    if (!(this.stack[this.stack.length - 1] instanceof Map))
      this.fail('attributes of a dict', 'of another object');
  }

  private append(items: readonly Pickled[]): void {
    const list = this.stack[this.stack.length - 1];
    if (!Array.isArray(list)) this.fail('a list', 'something else');
    for (const item of items) list.push(item);
  }

  private setItems(items: readonly Pickled[]): void {
    const dict = this.stack[this.stack.length - 1];
    if (!(dict instanceof Map) || items.length % 2 !== 0) this.fail('a dict and pairs', 'something else');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (dict.has(key)) this.fail('each key once', `${typeof key === 'string' ? key : 'one'} again`);
      dict.set(key, items[i + 1]);
    }
  }

  private put(index: number): void {
    if (this.stack.length === 0) this.fail('a value', 'none');
    this.memo.set(index, this.stack[this.stack.length - 1]);
  }

  private get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) this.fail('a value remembered', `none under ${index}`);
    this.push(value);
  }

  private push(value: Pickled): void {
    this.stack.push(value);
  }

  private pop(): Pickled {
    const value = this.stack.pop();
    return value === undefined ? this.fail('a value', 'an empty stack') : value;
  }

  private popMany(count: number): Pickled[] {
    if (this.stack.length < count) this.fail(`${count} values`, `${this.stack.length}`);
    return this.stack.splice(this.stack.length - count);
  }

  private popMarked(): Pickled[] {
    const below = this.marks.pop();
    if (below === undefined) this.fail('a mark', 'none');
    const items = this.stack;
    this.stack = below;
    return items;
  }

  private byte(): number {
    return this.bytes[this.take(1)];
  }

  /** Moves past `length` bytes. Returns where they start. */
  private take(length: number): number {
    const start = this.at;
    if (start + length > this.bytes.length) this.fail(`${length} more bytes`, `${this.bytes.length - start}`);
    this.at += length;
    return start;
  }

  private text(length: number): string {
    const start = this.take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        this.bytes.subarray(start, start + length),
      );
    } catch {
      return this.fail('text in UTF-8', 'other bytes');
    }
  }

  /** Up to the next line end, which is not part of it. */
  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) this.fail('a line', 'no line end');
    const text = this.text(end - this.at);
    this.take(1);
    return text;
  }

  /** Two's complement, little-endian. */
  private long(length: number): number {
    const start = this.take(length);
    if (length > 8) this.fail('an integer of at most 8 bytes', `${length}`);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]);
    const integer = Number(BigInt.asIntN(8 * length, value));
    return Number.isSafeInteger(integer) ? integer : this.fail('an integer up to 2^53', String(integer));
  }

  private fail(expected: string, got: string): never {
    throw new BundleError({ file: this.file, field: `pickle, byte ${this.start}`, expected, got });
  }
}
