import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBrain, fromHalf } from '../../src/container/element.js';
import { SafetensorsFile, writeSafetensors } from '../../src/container/safetensors.js';
import { BundleError } from '../../src/format/errors.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

/** A file of a header (text, or an object to be written as JSON) and data. */
function file(header: unknown, data: Uint8Array = new Uint8Array(), length?: bigint): string {
  const path = join(temporaryDirectory(), 'model.safetensors');
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  writeFileSync(path, Buffer.concat([prefix, json, data]));
  return path;
}

function raw(content: string | Uint8Array): string {
  const path = join(temporaryDirectory(), 'model.safetensors');
  writeFileSync(path, content);
  return path;
}

const tensor = (dtype: string, shape: unknown, start: unknown, end: unknown): unknown => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

test('what is written is read', () => {
  const path = join(temporaryDirectory(), 'x.safetensors');
  const data = Float32Array.from({ length: 6 }, (_, i) => i / 3);
  writeSafetensors(
    path,
    { a: { shape: [2, 3], data }, b: { shape: [], data: new Float32Array([7]) } },
    { by: 'x' },
  );
  const opened = SafetensorsFile.open(path);
  expect([...opened.tensors.keys()]).toEqual(['a', 'b']);
  expect(opened.tensors.get('a')?.shape).toEqual([2, 3]);
  expect(opened.metadata.get('by')).toBe('x');
  expect(opened.read('a')).toEqual(data);
  expect(opened.read('b')).toEqual(new Float32Array([7]));
  expect(() => opened.read('c')).toThrow(BundleError);
  opened.close();
  // The data starts on a multiple of eight bytes.
  expect(readFileSync(path).readBigUInt64LE() % 8n).toBe(0n);
});

test('every element type is read, at any alignment', () => {
  const data = Buffer.alloc(1 + 8 + 4 + 2 + 2 + 8 + 4);
  data.writeDoubleLE(Math.PI, 0);
  data.writeFloatLE(1.5, 8);
  data.writeUInt16LE(0xc100, 12);
  data.writeUInt16LE(0x3fc0, 14);
  data.writeBigInt64LE(-5n, 16);
  data.writeInt32LE(-6, 24);
  const opened = SafetensorsFile.open(
    file(
      {
        f64: tensor('F64', [1], 0, 8),
        f32: tensor('F32', [], 8, 12),
        f16: tensor('F16', [1, 1], 12, 14),
        bf16: tensor('BF16', [1], 14, 16),
        i64: tensor('I64', [1], 16, 24),
        i32: tensor('I32', [1], 24, 28),
        none: tensor('F32', [0, 3], 28, 28),
      },
      data.subarray(0, 28),
    ),
  );
  expect(opened.readFloat64('f64')[0]).toBe(Math.PI);
  expect(opened.read('f64')[0]).toBe(Math.fround(Math.PI));
  const read = ['f32', 'f16', 'bf16', 'i64', 'i32'].map((name) => opened.read(name)[0]);
  expect(read).toEqual([1.5, -2.5, 1.5, -5, -6]);
  expect(opened.read('none')).toHaveLength(0);
  opened.close();
});

test('half precision, its corners included', () => {
  expect([0x0000, 0x0001, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0xfc00].map(fromHalf)).toEqual([
    0,
    2 ** -24,
    2 ** -14,
    1,
    65504,
    Infinity,
    -Infinity,
  ]);
  expect(fromHalf(0x7e00)).toBeNaN();
  expect(fromBrain(0xff80)).toBe(-Infinity);
});

const FOUR = new Uint8Array(4);
const EIGHT = new Uint8Array(8);

test.each<[string, () => string, RegExp]>([
  ['nothing', () => join(temporaryDirectory(), 'none'), /nothing there/],
  [
    'a directory',
    () => {
      const path = join(temporaryDirectory(), 'd');
      mkdirSync(path);
      return path;
    },
    /a regular file/,
  ],
  ['an empty file', () => raw(''), /an empty file/],
  ['seven bytes', () => raw('1234567'), /7 bytes/],
  ['a Git LFS pointer', () => raw('version https://git-lfs.github.com/spec/v1\noid x'), /Git LFS pointer/],
  ['a web page', () => raw('<!DOCTYPE html><html></html>'), /a web page/],
  ['gzip', () => raw(new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0])), /gzip/],
  ['a torch zip', () => raw('PK\x03\x04........'), /PyTorch/],
  ['a header of length 0', () => file('', EIGHT), /header length/],
  ['a header past the end', () => file('{}', EIGHT, 1000n), /header length.*got 1000/],
  ['a header past 2^53', () => file('{}', EIGHT, 2n ** 63n), /header length.*got 9223372036854775808/],
  ['a header that is no JSON', () => file('{]'), /header, character 1/],
  ['a header that is a list', () => file([]), /an object/],
  ['a tensor twice', () => file('{"a": {}, "a": {}}'), /each key once/],
  ['an empty name', () => file({ '': tensor('F32', [1], 0, 4) }, FOUR), /an empty one/],
  ['an unknown type', () => file({ a: tensor('F8', [4], 0, 4) }, FOUR), /a\.dtype/],
  ['a missing shape', () => file({ a: { dtype: 'F32', data_offsets: [0, 4] } }, FOUR), /a\.shape/],
  ['a negative size', () => file({ a: tensor('F32', [-1], 0, 4) }, FOUR), /a\.shape/],
  ['a fractional size', () => file({ a: tensor('F32', [1.5], 0, 4) }, FOUR), /a\.shape/],
  [
    'sizes that overflow',
    () => file({ a: tensor('F32', [2 ** 40, 2 ** 40], 0, 4) }, FOUR),
    /a\.data_offsets/,
  ],
  ['too many dimensions', () => file({ a: tensor('F32', Array(9).fill(1), 0, 4) }, FOUR), /at most 8/],
  [
    'one offset',
    () => file({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, FOUR),
    /a start and an end/,
  ],
  ['offsets reversed', () => file({ a: tensor('F32', [1], 4, 0) }, FOUR), /a start and an end/],
  ['a size unlike the shape', () => file({ a: tensor('F32', [2], 0, 4) }, FOUR), /8 bytes for F32 \[2\]/],
  [
    'overlaps',
    () => file({ a: tensor('F32', [1], 0, 4), b: tensor('F16', [2], 2, 6) }, EIGHT.subarray(2)),
    /b: expected data from byte 4, got from 2/,
  ],
  ['a hole', () => file({ a: tensor('F32', [1], 4, 8) }, EIGHT), /a: expected data from byte 0/],
  ['data cut short', () => file({ a: tensor('F32', [2], 0, 8) }, FOUR), /8 bytes of data, got 4/],
  ['trailing bytes', () => file({ a: tensor('F32', [1], 0, 4) }, EIGHT), /4 bytes of data, got 8/],
  ['metadata that is no text', () => file({ __metadata__: { a: 1 } }), /__metadata__\.a/],
  ['an extra field', () => file({ a: { ...(tensor('F32', [1], 0, 4) as object), x: 1 } }, FOUR), /a\.x/],
])('refuses %s', (_, make, message) => {
  let error: unknown;
  try {
    SafetensorsFile.open(make());
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(BundleError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toMatch(/[\r\n]/);
});
