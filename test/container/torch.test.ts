import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, crc32ByTables } from '../../src/container/crc32.js';
import {
  openCheckpoint,
  ShardedFile,
  TorchFile,
  writeSafetensors,
  type TensorSource,
} from '../../src/checkpoint/index.js';
import { BundleError } from '../../src/format/errors.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { code, pickle, torchFile, zip, type Code, type Stored } from '../support/torch-writer.js';

afterAll(removeTemporary);

function saved(content: Uint8Array): string {
  const path = join(temporaryDirectory(), 'model.pt');
  writeFileSync(path, content);
  return path;
}

const A: Stored = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const B: Stored = { shape: [], data: Float32Array.of(7) };
const TENSORS = new Map([
  ['a', A],
  ['b', B],
]);

/** A torch file of one pickled value and one storage, `data/0`, of six floats. */
function withValue(value: Code, entries: Record<string, Buffer> = {}): string {
  const all = { 'x/data.pkl': pickle(value), 'x/data/0': Buffer.from(A.data.buffer), ...entries };
  return saved(zip(new Map(Object.entries(all))));
}

const storage = code.storage('FloatStorage', '0', 6);
const one = (tensor: Code): Code => code.dict([code.text('a'), tensor]);

/** The dictionary at a place in a file that is closed with the process. */
function dictionary(file: string, path = ''): TensorSource {
  const found = openCheckpoint(file).dictionaries.get(path);
  if (found === undefined) throw new Error(`no tensors under ${path}`);
  return found;
}

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(BundleError);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

test('CRC-32 of the standard check, and of every short length', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(crc32(Buffer.alloc(0))).toBe(0);
  // One byte at a time, from the definition.
  const slow = (bytes: Uint8Array): number => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  for (let n = 0; n < 40; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 89 + n) & 0xff);
    expect([crc32(bytes), crc32ByTables(bytes)]).toEqual([slow(bytes), slow(bytes)]);
  }
});

describe.each([
  ['plain', {}],
  ['64-bit', { wide: true }],
  ['with a comment', { comment: 'PK\x05\x06 and more' }],
])('an archive, %s', (_, options) => {
  test('its tensors are read', () => {
    const file = dictionary(saved(torchFile(TENSORS, undefined, options)));
    expect([...file.tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ['a', 'F32', [2, 3]],
      ['b', 'F32', []],
    ]);
    expect(file.read('a')).toEqual(A.data);
    expect(file.read('b')).toEqual(B.data);
    expect(() => file.read('c')).toThrow(BundleError);
  });
});

test.each<[string, string, (value: Code) => Code]>([
  [
    'Lightning’s',
    'state_dict',
    (v) => code.dict([code.text('epoch'), code.int(3)], [code.text('state_dict'), v]),
  ],
  ['a training script’s', 'model', (v) => code.dict([code.text('model'), v], [code.text('step'), code.none])],
  ['a state_dict with attributes', '', (v) => Buffer.concat([v, code.dict(), Buffer.from('b')])],
  [
    'one in a list in a tuple',
    'a.0.1',
    (v) => code.dict([code.text('a'), code.tuple(code.list(code.none, v))]),
  ],
  ['one under a number', '7', (v) => code.dict([code.int(7), v])],
  [
    'an object’s',
    'best.weights',
    (v) => code.dict([code.text('best'), code.object('tool', 'Best', code.dict([code.text('weights'), v]))]),
  ],
])('%s dictionary is found', (_, path, wrap) => {
  const file = TorchFile.open(saved(torchFile(TENSORS, wrap)));
  expect([...file.dictionaries].map(([at, { tensors }]) => [at, [...tensors.keys()]])).toEqual([
    [path, ['a', 'b']],
  ]);
  file.close();
});

test('strides, offsets and parameters', () => {
  const transposed = code.tensor(storage, 0, [3, 2], [1, 3]);
  const row = code.tensor(storage, 3, [1, 3], [99, 1]);
  const parameter = code.call(
    code.global('torch._utils', '_rebuild_parameter'),
    transposed,
    code.false,
    code.none,
  );
  const file = dictionary(withValue(code.dict([code.text('t'), parameter], [code.text('r'), row])));
  expect([...file.read('t')]).toEqual([1, 4, 2, 5, 3, 6]);
  expect([...file.read('r')]).toEqual([4, 5, 6]);
});

test.each([
  ['HalfStorage', [0x00, 0xc1], -2.5],
  ['BFloat16Storage', [0xc0, 0x3f], 1.5],
  ['DoubleStorage', [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], 1.5],
])('%s is rounded to float32', (type, content, value) => {
  const tensor = code.tensor(code.storage(type, 'h', 1), 0, [1], [1]);
  const file = dictionary(withValue(one(tensor), { 'x/data/h': Buffer.from(content) }));
  expect([...file.read('a')]).toEqual([value]);
});

test.each<[string, Code, RegExp]>([
  ['a tensor past its storage', one(code.tensor(storage, 1, [6], [1])), /within its storage of 6/],
  ['strides of 0', one(code.tensor(storage, 0, [20_000_000], [0])), /within its storage/],
  [
    'strides of 0, many',
    code.list(...Array.from({ length: 17 }, () => code.tensor(storage, 0, [1e6], [0]))),
    /within its storage/,
  ],
  [
    'sizes that overflow',
    one(code.tensor(storage, 0, Array<number>(8).fill(2 ** 30), Array<number>(8).fill(0))),
    /within/,
  ],
  [
    'nine dimensions',
    one(code.tensor(storage, 0, Array<number>(9).fill(1), Array<number>(9).fill(1))),
    /at most 8/,
  ],
  ['negative sizes', one(code.tensor(storage, 0, [0xffffffff], [1])), /sizes, got -1/],
  [
    'another storage size',
    one(code.tensor(code.storage('FloatStorage', '0', 7), 0, [7], [1])),
    /28 bytes in storage 0, got 24/,
  ],
  [
    'a missing storage',
    one(code.tensor(code.storage('FloatStorage', '9', 7), 0, [7], [1])),
    /no such storage/,
  ],
  [
    'a storage out of the folder',
    one(code.tensor(code.storage('FloatStorage', '../../etc', 7), 0, [7], [1])),
    /no such storage/,
  ],
  ['a key twice', code.dict([code.text('a'), code.none], [code.text('a'), code.none]), /each key once/],
  ['two values', Buffer.concat([code.int(1), code.int(2)]), /one result/],
  ['nothing', Buffer.alloc(0), /an empty stack/],
  ['an open mark', Buffer.from('(N'), /one result, got more/],
  ['a pop below a mark', Buffer.from('N(\x85'), /byte/],
  ['memory never written', Buffer.from('h\x05'), /none under 5/],
  ['text cut short', Buffer.from('X\xff\xff\xff\xff', 'latin1'), /4294967295 more bytes/],
  ['an endless integer', Buffer.from('\x8a\xff', 'latin1'), /255 more bytes/],
  ['dictionaries without end', Buffer.alloc(2e6, '}'), /objects that take at most/],
  ['marks without end', Buffer.alloc(4e6, '('), /objects that take at most/],
  ['memory without end', Buffer.alloc(8e6, Buffer.from('N\x94', 'latin1')), /objects that take at most/],
  ['a global cut short', Buffer.from('cos'), /no line end/],
])('a pickle with %s is refused', (_, value, expected) => {
  expect(message(() => TorchFile.open(withValue(value)))).toMatch(expected);
});

const whole = torchFile(TENSORS);

/** The archive with bytes replaced at the first place `find` stands, `offset` on. */
function patched(find: number, offset: number, bytes: number[], archive = whole): Buffer {
  const signature = Buffer.alloc(4);
  signature.writeUInt32LE(find);
  const copy = Buffer.from(archive);
  copy.set(bytes, copy.indexOf(signature) + offset);
  return copy;
}

test.each<[string, Buffer, RegExp]>([
  ['cut short', whole.subarray(0, -30), /no end record/],
  ['of two bytes', Buffer.from('PK'), /no end record/],
  ['in several parts', patched(0x06054b50, 4, [1, 0]), /in one part/],
  [
    'with a directory past the end',
    patched(0x06054b50, 16, [255, 255, 255, 0]),
    /a central directory before/,
  ],
  ['with another count', patched(0x06054b50, 10, [9, 0]), /9 entries, got 4/],
  ['compressed', patched(0x02014b50, 10, [8, 0]), /compressed by method 8/],
  ['encrypted', patched(0x02014b50, 8, [1, 0]), /encrypted/],
  ['with sizes that differ', patched(0x02014b50, 20, [1, 0]), /bytes in the archive/],
  ['with entries that overlap', patched(0x02014b50, 42, [1, 0]), /bytes up to byte|local header/],
  ['with an entry too large', patched(0x02014b50, 20, [0, 0, 9, 0, 0, 0, 9, 0]), /bytes up to byte/],
  ['with another local name', patched(0x04034b50, 30, [0x78]), /the same name/],
  ['without a local header', patched(0x04034b50, 0, [0]), /a local header/],
  ['with a broken checksum', patched(0x02014b50, 16, [1, 2, 3, 4]), /checksum 04030201/],
  ['without zip64 fields', patched(0x02014b50, 42, [255, 255, 255, 255]), /a whole zip64 field/],
  [
    'with a 64-bit record elsewhere',
    patched(0x07064b50, 8, [1], torchFile(TENSORS, undefined, { wide: true })),
    /64-bit end record/,
  ],
  [
    'with two pickles',
    zip(
      new Map([
        ['a/data.pkl', pickle(code.none)],
        ['b/data.pkl', pickle(code.none)],
      ]),
    ),
    /archive with 2/,
  ],
  ['without one', zip(new Map([['a/b', Buffer.alloc(1)]])), /archive with 0/],
  [
    'of a big-endian machine',
    zip(
      new Map([
        ['a/data.pkl', pickle(code.none)],
        ['a/byteorder', Buffer.from('big')],
      ]),
    ),
    /"little", got "big"/,
  ],
])('an archive %s is refused', (_, content, expected) => {
  expect(message(() => TorchFile.open(saved(content)))).toMatch(expected);
});

test('a damaged storage is refused when it is read', () => {
  const copy = Buffer.from(whole);
  copy[copy.indexOf(Buffer.from(A.data.buffer)) + 2] ^= 1;
  const file = dictionary(saved(copy));
  expect(message(() => file.read('a'))).toMatch(/checksum/);
});

describe('a checkpoint in shards', () => {
  const shards = (map: unknown): string => {
    const directory = temporaryDirectory();
    writeSafetensors(join(directory, 'one.safetensors'), { a: A });
    writeSafetensors(join(directory, 'two.safetensors'), { b: B });
    const index = join(directory, 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ weight_map: map }));
    return index;
  };

  test('is read as one', () => {
    const file = openCheckpoint(shards({ a: 'one.safetensors', b: 'two.safetensors' }));
    expect(file).toBeInstanceOf(ShardedFile);
    const whole = file.dictionaries.get('')!;
    expect(whole.read('a')).toEqual(A.data);
    expect(whole.read('b')).toEqual(B.data);
    file.close();
  });

  test.each<[unknown, RegExp]>([
    [{ a: '../one.safetensors' }, /a plain file name/],
    [{ a: '/etc/passwd' }, /a plain file name/],
    [{ a: 7 }, /a plain file name/],
    [{ a: 'three.safetensors' }, /nothing there/],
    [{ a: 'two.safetensors' }, /a tensor in two/],
    [{ a: 'one.safetensors', c: 'two.safetensors' }, /a tensor in two/],
    [[], /an object/],
  ])('%j is refused', (map, expected) => {
    expect(message(() => openCheckpoint(shards(map)))).toMatch(expected);
  });

  test('a tensor the index leaves out is refused', () => {
    const index = shards({ a: 'one.safetensors' });
    writeSafetensors(join(index, '..', 'one.safetensors'), { a: A, extra: B });
    expect(message(() => openCheckpoint(index))).toMatch(/extra: expected one\.safetensors, which holds it/);
  });
});
