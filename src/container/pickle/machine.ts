/**
 * Python pickles. A pickle is a program for a stack machine, and some of its instructions call any function by
 * name: loading a stranger's checkpoint in Python can run anything. This machine has no such power. It knows
 * plain containers, strings and numbers, and describes the tensors that PyTorch would rebuild; a call of any
 * other function makes an Instance, which only records it. So it reads past whatever a training program keeps
 * beside the weights. All instructions of protocols 0 to 5 are here but those for data outside of the pickle.
 */
import { Budget, BundleError, SIZE } from '../../format/index.js';
import { TensorBuilder } from './tensors.js';
import { Global, Instance, Storage, Tuple, type Pickled } from './values.js';

const NEWEST_PROTOCOL = 5;
/** Integers are counts here, or nothing that matters: longer ones are not computed. */
const LONGEST_INTEGER = 20;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface ReadPickle {
  readonly value: Pickled;
  /** The byte after it. */
  readonly end: number;
  /** Element types of the storages it names, by key. */
  readonly storages: ReadonlyMap<string, string>;
}

/** Reads the pickle that starts at byte `start`. `file` names it in errors. Throws BundleError. */
export function readPickle(bytes: Uint8Array, file: string, start = 0): ReadPickle {
  return new Machine(bytes, file, start).run();
}

class Machine {
  private readonly view: DataView;
  private readonly characters: Buffer;
  private at: number;
  /** Where the instruction in progress starts, for messages. */
  private start: number;
  private stack: Pickled[] = [];
  /** The stacks below, one for each mark that is open. */
  private readonly marks: Pickled[][] = [];
  private readonly memo = new Map<number, Pickled>();
  private readonly tensors = new TensorBuilder((expected, got) => this.fail(expected, got));
  private readonly budget = new Budget((most) => this.fail(`objects that take at most ${most}`, 'more'));

  constructor(
    private readonly bytes: Uint8Array<ArrayBufferLike>,
    private readonly file: string,
    start: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.characters = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.start = start;
  }

  run(): ReadPickle {
    for (;;) {
      this.start = this.at;
      const opcode = this.byte();
      if (opcode === 0x2e /* STOP */) {
        const value = this.pop();
        if (this.stack.length > 0 || this.marks.length > 0) this.fail('one result', 'more');
        return { value, end: this.at, storages: this.tensors.storages };
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
      case 0x8b: // LONG4
        return this.push(this.long(this.length4()));
      case 0x49: // INT
      case 0x4c: // LONG
        return this.push(this.decimal());
      case 0x46: // FLOAT
        return this.push(Number(this.line()));
      case 0x47: // BINFLOAT, big-endian
        return this.push(this.view.getFloat64(this.take(8)));

      case 0x58: // BINUNICODE
        return this.push(this.text(this.length4()));
      case 0x8c: // SHORT_BINUNICODE
        return this.push(this.text(this.byte()));
      case 0x8d: // BINUNICODE8
        return this.push(this.text(this.length8()));
      case 0x54: // BINSTRING, of Python 2
        return this.push(this.text(this.length4()));
      case 0x55: // SHORT_BINSTRING, of Python 2
        return this.push(this.text(this.byte()));
      case 0x53: // STRING, of Python 2: quoted
        return this.push(unquoted(this.line()) ?? this.opaque('builtins.str'));
      case 0x56: // UNICODE
        return this.push(unescaped(this.line()) ?? this.opaque('builtins.str'));
      case 0x42: // BINBYTES
        return this.push(this.binary(this.length4()));
      case 0x43: // SHORT_BINBYTES
        return this.push(this.binary(this.byte()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.push(this.binary(this.length8()));

      case 0x28: // MARK
        this.budget.spend(SIZE.list);
        this.marks.push(this.stack);
        this.stack = [];
        return;
      case 0x30: // POP: a mark, where one is on top
        if (this.stack.length > 0) this.stack.pop();
        else this.popMarked();
        return;
      case 0x31: // POP_MARK
        this.popMarked();
        return;
      case 0x32: // DUP
        return this.push(this.top());

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
      case 0x6c: // LIST
        return this.push(this.popMarked());
      case 0x61: // APPEND
        return this.append([this.pop()]);
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS, of a set
        return this.append(this.popMarked());
      case 0x7d: // EMPTY_DICT
        return this.push(new Map());
      case 0x64: {
        // DICT
        const items = this.popMarked();
        this.push(new Map());
        return this.setItems(items);
      }
      case 0x73: // SETITEM
        return this.setItems(this.popMany(2));
      case 0x75: // SETITEMS
        return this.setItems(this.popMarked());
      case 0x8f: // EMPTY_SET
        return this.push(this.opaque('builtins.set'));
      case 0x91: // FROZENSET
        return this.push(this.opaque('builtins.frozenset', this.popMarked()));

      case 0x71: // BINPUT
        return this.put(this.byte());
      case 0x72: // LONG_BINPUT
        return this.put(this.length4());
      case 0x70: // PUT
        return this.put(Number(this.line()));
      case 0x94: // MEMOIZE
        return this.put(this.memo.size);
      case 0x68: // BINGET
        return this.get(this.byte());
      case 0x6a: // LONG_BINGET
        return this.get(this.length4());
      case 0x67: // GET
        return this.get(Number(this.line()));

      case 0x63: // GLOBAL
        return this.push(this.global(this.line(), this.line()));
      case 0x93: // STACK_GLOBAL
        return this.push(this.global(...(this.popMany(2) as [Pickled, Pickled])));
      case 0x82: // EXT1: a class by a number that both sides know
      case 0x83: // EXT2
      case 0x84: // EXT4
        this.take([1, 2, 4][opcode - 0x82]);
        return this.push(this.global('extension', 'unknown'));
      case 0x51: // BINPERSID
        return this.push(this.tensors.storage(this.pop()));
      case 0x50: // PERSID
        return this.push(this.opaque('persistent id', [this.line()]));

      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callee, args] = this.popMany(2);
        return this.push(this.call(callee, args));
      }
      case 0x92: {
        // NEWOBJ_EX, with named arguments
        const [callee, args] = this.popMany(3);
        return this.push(this.call(callee, args));
      }
      case 0x69: {
        // INST
        const callee = this.global(this.line(), this.line());
        return this.push(this.call(callee, new Tuple(this.popMarked())));
      }
      case 0x6f: {
        // OBJ
        const [callee = null, ...args] = this.popMarked();
        return this.push(this.call(callee, new Tuple(args)));
      }
      case 0x62: // BUILD
        return this.build(this.pop());
      default:
        this.fail('an instruction of a pickle', `0x${opcode.toString(16)}`);
    }
  }

  private global(module: Pickled, name: Pickled): Global {
    if (typeof module !== 'string' || typeof name !== 'string') this.fail('two names', 'something else');
    return new Global(`${module}.${name}`);
  }

  /** What a call would make, without calling. */
  private call(callee: Pickled, args: Pickled): Pickled {
    const items = args instanceof Tuple ? args.items : this.fail('arguments in a tuple', 'something else');
    const name = callee instanceof Global ? callee.name : 'an object';
    switch (name) {
      case 'collections.OrderedDict':
      case 'collections.defaultdict':
      case 'builtins.dict':
        return this.dictionary(items);
      case 'copyreg._reconstructor':
      case 'copy_reg._reconstructor':
        return this.opaque(items[0] instanceof Global ? items[0].name : name);
      default:
        return this.tensors.call(name, items) ?? this.opaque(name, items);
    }
  }

  /** An `OrderedDict` may come with its items, a `defaultdict` comes with a class first. */
  private dictionary(args: readonly Pickled[]): Map<Pickled, Pickled> {
    const dict = new Map<Pickled, Pickled>();
    for (const items of args) {
      const pairs = Array.isArray(items) ? items : items instanceof Map ? [...items] : [];
      this.budget.spend(SIZE.entry * pairs.length);
      for (const pair of pairs) {
        const [key, value] = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? pair : [];
        if (key !== undefined && value !== undefined) dict.set(key, value);
      }
    }
    return dict;
  }

  /** Fills an object that is not known with its attributes; those of others say nothing of the weights. */
  private build(state: Pickled): void {
    const object = this.top();
    if (object instanceof Instance) object.state = state;
  }

  private append(items: readonly Pickled[]): void {
    const object = this.top();
    const list = object instanceof Instance ? (object.items ??= []) : object;
    if (!Array.isArray(list)) this.fail('a list', 'something else');
    for (const item of items) list.push(item);
  }

  private setItems(items: readonly Pickled[]): void {
    const object = this.top();
    const dict = object instanceof Instance ? (object.entries ??= new Map<Pickled, Pickled>()) : object;
    if (!(dict instanceof Map) || items.length % 2 !== 0) this.fail('a dict and pairs', 'something else');
    this.budget.spend((SIZE.entry * items.length) / 2);
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key === 'string' && dict.has(key)) this.fail('each key once', `${key} again`);
      dict.set(key, items[i + 1]);
    }
  }

  private put(index: number): void {
    this.budget.spend(SIZE.entry);
    this.memo.set(index, this.top());
  }

  private get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) this.fail('a value remembered', `none under ${index}`);
    this.push(value);
  }

  private push(value: Pickled): void {
    this.budget.spend(sizeOf(value));
    this.stack.push(value);
  }

  private top(): Pickled {
    if (this.stack.length === 0) this.fail('a value', 'an empty stack');
    return this.stack[this.stack.length - 1];
  }

  private pop(): Pickled {
    const value = this.top();
    this.stack.pop();
    return value;
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

  private length4(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** Past 2^53 it is no longer exact, but then the pickle is shorter too. */
  private length8(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  /** Moves past `length` bytes. Returns where they start. */
  private take(length: number): number {
    const start = this.at;
    if (start + length > this.bytes.length) this.fail(`${length} more bytes`, `${this.bytes.length - start}`);
    this.at += length;
    return start;
  }

  /** UTF-8. What is not (file names of old systems, halves of surrogate pairs) is no name of a tensor. */
  private text(length: number): Pickled {
    const start = this.take(length);
    try {
      return UTF8.decode(this.bytes.subarray(start, start + length));
    } catch {
      return this.opaque('builtins.str');
    }
  }

  private binary(length: number): Pickled {
    this.take(length);
    return this.opaque('builtins.bytes');
  }

  /** Up to the next line end, which is not part of it. */
  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) this.fail('a line', 'no line end');
    const start = this.take(end + 1 - this.at);
    return this.characters.toString('latin1', start, end);
  }

  /** Two's complement, little-endian. */
  private long(length: number): Pickled {
    const start = this.take(length);
    if (length > 8) return this.opaque('builtins.int');
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]);
    return this.integer(Number(BigInt.asIntN(8 * length, value)));
  }

  /** An integer as text, of Python 2 with an L; `00` and `01` are the truth values. */
  private decimal(): Pickled {
    const line = this.line();
    if (line === '00' || line === '01') return line === '01';
    const digits = line.endsWith('L') ? line.slice(0, -1) : line;
    if (digits.length > LONGEST_INTEGER) return this.opaque('builtins.int');
    if (!/^[+-]?\d+$/.test(digits)) this.fail('an integer', JSON.stringify(line));
    return this.integer(Number(digits));
  }

  private integer(value: number): Pickled {
    return Number.isSafeInteger(value) ? value : this.opaque('builtins.int');
  }

  private opaque(className: string, args: readonly Pickled[] = []): Instance {
    return new Instance(className, args);
  }

  private fail(expected: string, got: string): never {
    throw new BundleError({ file: this.file, field: `pickle, byte ${this.start}`, expected, got });
  }
}

/** What a value newly on the stack takes, roughly; what is there already costs its place. */
function sizeOf(value: Pickled): number {
  if (typeof value === 'string') return SIZE.text + value.length;
  if (value === null || typeof value !== 'object') return SIZE.value;
  if (value instanceof Map) return value.size === 0 ? SIZE.map : SIZE.value;
  if (value instanceof Instance) return 2 * SIZE.list;
  return value instanceof Storage ? 2 * SIZE.list : SIZE.list;
}

/** The text of a Python 2 string in quotes; undefined where it is none. */
function unquoted(line: string): string | undefined {
  const quoted = /^(['"])(.*)\1$/.exec(line)?.[2];
  return quoted === undefined || quoted.includes('\\') ? undefined : quoted;
}

/** Latin-1 with `\uXXXX` for the rest. */
function unescaped(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
