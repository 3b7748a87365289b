/** Writes what `torch.save` would: pickles, and zip archives with or without 64-bit records. */
import { crc32 } from '../../src/container/crc32.js';

export interface Stored {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** One instruction or several, as bytes. */
export type Code = Buffer;

const bytes = (...values: number[]): Code => Buffer.from(values);
const u32 = (value: number): Code => {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
};

/** Instructions of protocol 2 that leave a value on the stack. */
export const code = {
  text: (text: string): Code => Buffer.concat([bytes(0x58), u32(Buffer.byteLength(text)), Buffer.from(text)]),
  int: (value: number): Code => Buffer.concat([bytes(0x4a), u32(value)]),
  global: (module: string, name: string): Code => Buffer.from(`c${module}\n${name}\n`),
  tuple: (...items: Code[]): Code => Buffer.concat([bytes(0x28), ...items, bytes(0x74)]),
  call: (callee: Code, ...args: Code[]): Code => Buffer.concat([callee, code.tuple(...args), bytes(0x52)]),
  dict: (...pairs: [Code, Code][]): Code => Buffer.concat([bytes(0x7d, 0x28), ...pairs.flat(), bytes(0x75)]),
  orderedDict: (...pairs: [Code, Code][]): Code =>
    Buffer.concat([
      code.call(code.global('collections', 'OrderedDict')),
      bytes(0x28),
      ...pairs.flat(),
      bytes(0x75),
    ]),
  list: (...items: Code[]): Code => Buffer.concat([bytes(0x5d, 0x28), ...items, bytes(0x65)]),
  /** An object of a class, with a state. */
  object: (module: string, name: string, state: Code): Code =>
    Buffer.concat([code.global(module, name), code.tuple(), bytes(0x81), state, bytes(0x62)]),
  /** An integer of any size: two's complement, little-endian. */
  long: (...little: number[]): Code => Buffer.concat([bytes(0x8a, little.length), bytes(...little)]),
  raw: (content: string): Code => Buffer.from(content, 'latin1'),
  none: bytes(0x4e),
  true: bytes(0x88),
  false: bytes(0x89),
  storage: (type: string, key: string, length: number): Code =>
    Buffer.concat([
      code.tuple(
        code.text('storage'),
        code.global('torch', type),
        code.text(key),
        code.text('cpu'),
        code.int(length),
      ),
      bytes(0x51),
    ]),
  tensor: (storage: Code, offset: number, shape: readonly number[], strides: readonly number[]): Code =>
    code.call(
      code.global('torch._utils', '_rebuild_tensor_v2'),
      storage,
      code.int(offset),
      code.tuple(...shape.map(code.int)),
      code.tuple(...strides.map(code.int)),
      code.false,
      code.call(code.global('collections', 'OrderedDict')),
    ),
};

/** A whole pickle that leaves one value. */
export function pickle(value: Code): Buffer {
  return Buffer.concat([bytes(0x80, 2), value, bytes(0x2e)]);
}

export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

/** The state_dict of named tensors, each in a storage of its own, and the storages by entry name. */
export function stateDict(tensors: ReadonlyMap<string, Stored>): {
  value: Code;
  entries: Map<string, Buffer>;
} {
  const entries = new Map<string, Buffer>();
  const pairs = [...tensors].map(([name, { shape, data }], key): [Code, Code] => {
    entries.set(`data/${key}`, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    const storage = code.storage('FloatStorage', String(key), data.length);
    return [code.text(name), code.tensor(storage, 0, shape, rowMajor(shape))];
  });
  return { value: code.orderedDict(...pairs), entries };
}

/** A torch file; `wrap` puts the state_dict into what a training program saves it in. */
export function torchFile(
  tensors: ReadonlyMap<string, Stored>,
  wrap: (value: Code) => Code = (value) => value,
  options: ZipOptions = {},
): Buffer {
  const { value, entries } = stateDict(tensors);
  const all = new Map([['data.pkl', pickle(wrap(value))], ['byteorder', Buffer.from('little')], ...entries]);
  return zip(new Map([...all].map(([name, content]) => [`archive/${name}`, content])), options);
}

/** What `torch.save` wrote before 1.6: pickles one after the other, then the storages. */
export function legacyFile(
  tensors: ReadonlyMap<string, Stored>,
  wrap: (value: Code) => Code = (value) => value,
): Buffer {
  const { value, entries } = stateDict(tensors);
  const keys = [...entries.keys()].map((name) => name.slice('data/'.length));
  const parts = [
    code.long(0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19),
    code.int(1001),
    code.dict([code.text('protocol_version'), code.int(1001)], [code.text('little_endian'), code.true]),
    wrap(value),
    code.list(...keys.map(code.text)),
  ].map(pickle);
  for (const content of entries.values()) {
    const count = Buffer.alloc(8);
    count.writeBigUInt64LE(BigInt(content.length / 4));
    parts.push(count, content);
  }
  return Buffer.concat(parts);
}

export interface ZipOptions {
  /** 0 for every checksum. */
  readonly unsummed?: boolean;
  /** Sizes, places and the end record in 64 bits. */
  readonly wide?: boolean;
  readonly comment?: string;
}

/** A zip archive, nothing compressed, data padded to 64 bytes as torch does. */
export function zip(
  entries: ReadonlyMap<string, Buffer>,
  { wide = false, comment = '', unsummed = false }: ZipOptions = {},
): Buffer {
  const sum = (content: Buffer): number => (unsummed ? 0 : crc32(content));
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of entries) {
    const nameBytes = Buffer.from(name);
    const padding = (64 - ((at + 30 + nameBytes.length + 4) % 64)) % 64;
    const local = Buffer.alloc(30 + nameBytes.length + 4 + padding);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt32LE(sum(content), 14);
    local.writeUInt32LE(content.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(nameBytes.length, 26);
    local.writeUInt16LE(4 + padding, 28);
    nameBytes.copy(local, 30);
    local.write('FB', 30 + nameBytes.length);
    local.writeUInt16LE(padding, 32 + nameBytes.length);

    const extra = Buffer.alloc(wide ? 28 : 0);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50);
    central.writeUInt32LE(sum(content), 16);
    [content.length, content.length].forEach((size, i) =>
      central.writeUInt32LE(wide ? 0xffffffff : size, 20 + 4 * i),
    );
    central.writeUInt16LE(nameBytes.length, 28);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(wide ? 0xffffffff : at, 42);
    if (wide) {
      extra.writeUInt16LE(1);
      extra.writeUInt16LE(24, 2);
      [content.length, content.length, at].forEach((value, i) =>
        extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i),
      );
    }
    directory.push(central, nameBytes, extra);
    parts.push(local, content);
    at += local.length + content.length;
  }
  const central = Buffer.concat(directory);
  const tail: Buffer[] = [];
  if (wide) {
    const record = Buffer.alloc(56 + 20);
    record.writeUInt32LE(0x06064b50);
    record.writeBigUInt64LE(44n, 4);
    [entries.size, entries.size, central.length, at].forEach((value, i) =>
      record.writeBigUInt64LE(BigInt(value), 24 + 8 * i),
    );
    record.writeUInt32LE(0x07064b50, 56);
    record.writeBigUInt64LE(BigInt(at + central.length), 64);
    record.writeUInt32LE(1, 72);
    tail.push(record);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(wide ? 0xffff : entries.size, 8);
  end.writeUInt16LE(wide ? 0xffff : entries.size, 10);
  end.writeUInt32LE(wide ? 0xffffffff : central.length, 12);
  end.writeUInt32LE(wide ? 0xffffffff : at, 16);
  end.writeUInt16LE(Buffer.byteLength(comment), 20);
  return Buffer.concat([...parts, central, ...tail, end, Buffer.from(comment)]);
}
