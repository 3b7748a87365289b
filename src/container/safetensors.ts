/**
 * The safetensors container: eight bytes of header length (u64, little-endian), a JSON header that gives each
 * tensor's type, shape and byte range, then the bytes. A file is validated in full before anything the size
 * of a tensor is allocated.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import {
  BundleError,
  Fields,
  FileBytes,
  isArray,
  type Json,
  parseJson,
  recognise,
  toPlain,
} from '../format/index.js';
import { ELEMENTS, readable, toFloat32 } from './element.js';
import type { Checkpoint, TensorInfo, TensorSource } from './source.js';

const LENGTH_BYTES = 8;
/** The cap of the format's own library. */
const LONGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';
const MOST_DIMS = 8;

export interface Entry extends TensorInfo {
  /** Byte range from the end of the header. */
  readonly start: number;
  readonly end: number;
}

export class SafetensorsFile implements Checkpoint, TensorSource {
  readonly container = 'safetensors';
  readonly dictionaries = new Map([['', this]]);

  private constructor(
    readonly file: string,
    private readonly bytes: FileBytes,
    /** Bytes before the first tensor. */
    private readonly dataStart: number,
    readonly tensors: ReadonlyMap<string, Entry>,
    readonly metadata: ReadonlyMap<string, string>,
  ) {}

  /** Opens and validates a file. Throws BundleError. */
  static open(file: string): SafetensorsFile {
    const bytes = FileBytes.open(file, 'a readable safetensors file');
    try {
      const { dataStart, tensors, metadata } = readTable(bytes);
      return new SafetensorsFile(file, bytes, dataStart, tensors, metadata);
    } catch (error) {
      bytes.close();
      throw error;
    }
  }

  read(name: string): Float32Array {
    const { dtype, bytes } = this.stored(name);
    return toFloat32(dtype, bytes);
  }

  /** The values without rounding (integers beyond 2^53 aside). */
  readFloat64(name: string): Float64Array {
    const { dtype, bytes: stored } = this.stored(name);
    const { bytes, get } = ELEMENTS[dtype];
    const view = new DataView(stored.buffer);
    return new Float64Array(stored.length / bytes).map((_, i) => get!(view, i * bytes));
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  beside(): undefined {
    return undefined;
  }

  close(): void {
    this.bytes.close();
  }

  private stored(name: string): { dtype: string; bytes: Uint8Array<ArrayBuffer> } {
    const entry = this.tensors.get(name);
    if (entry === undefined) {
      throw new BundleError({ file: this.file, field: name, expected: 'a tensor', got: 'none' });
    }
    const { dtype, start, end } = entry;
    if (!readable(dtype)) {
      const expected = 'values that weights are stored in';
      throw new BundleError({ file: this.file, field: name, expected, got: dtype });
    }
    return { dtype, bytes: this.bytes.read(this.dataStart + start, end - start) };
  }
}

/** What the header says, held to the file's size. Throws BundleError. */
export function readTable(bytes: FileBytes): {
  /** Bytes before the first tensor. */
  readonly dataStart: number;
  readonly tensors: ReadonlyMap<string, Entry>;
  readonly metadata: ReadonlyMap<string, string>;
} {
  const headerBytes = readHeaderLength(bytes);
  const header = parseJson(bytes.read(LENGTH_BYTES, headerBytes), bytes.file, 'header');
  const dataStart = LENGTH_BYTES + headerBytes;
  return { dataStart, ...readHeader(header, bytes.file, bytes.size - dataStart) };
}

/** Reads the header's length and refuses what is no safetensors file, by name where it is a known other. */
function readHeaderLength(bytes: FileBytes): number {
  const { file, size } = bytes;
  const expected = 'a safetensors file';
  if (size < LENGTH_BYTES) {
    throw new BundleError({ file, expected, got: size === 0 ? 'an empty file' : `${size} bytes` });
  }
  const first = bytes.read(0, Math.min(size, 64));
  const other = recognise(first);
  if (other !== undefined) throw new BundleError({ file, expected, got: other });
  const length = new DataView(first.buffer).getBigUint64(0, true);
  const most = Math.min(LONGEST_HEADER, size - LENGTH_BYTES);
  if (length < 2n || length > BigInt(most)) {
    throw new BundleError({
      file,
      field: 'header length',
      expected: `2 to ${most} bytes`,
      got: String(length),
    });
  }
  return Number(length);
}

function readHeader(
  header: Json,
  file: string,
  dataBytes: number,
): { tensors: Map<string, Entry>; metadata: Map<string, string> } {
  const fields = Fields.of(header, file);
  const tensors = new Map<string, Entry>();
  const metadata = new Map<string, string>();
  for (const name of fields.names()) {
    if (name === METADATA) {
      const values = fields.object(name);
      for (const key of values.names()) metadata.set(key, values.string(key, /^/, 'a string'));
    } else if (name === '') {
      fields.fail('header', 'names', 'an empty one');
    } else {
      tensors.set(name, readEntry(fields.object(name)));
    }
  }
  checkRanges(file, tensors, dataBytes);
  return { tensors, metadata };
}

function readEntry(fields: Fields): Entry {
  const dtype = fields.oneOf('dtype', Object.keys(ELEMENTS));
  const shape = readIntegers(fields, 'shape', MOST_DIMS);
  const offsets = readIntegers(fields, 'data_offsets', 2);
  fields.done();
  const [start, end] = offsets;
  if (offsets.length !== 2 || end < start) {
    fields.fail('data_offsets', 'a start and an end', JSON.stringify(offsets));
  }
  let bytes = ELEMENTS[dtype].bytes;
  for (const dim of shape) bytes *= dim;
  // A product past 2^53 is no longer exact, but it is then no byte range of a file either.
  if (bytes !== end - start) {
    fields.fail('data_offsets', `${bytes} bytes for ${dtype} [${shape.join(', ')}]`, `${end - start}`);
  }
  return { dtype, shape, start, end };
}

function readIntegers(fields: Fields, name: string, most: number): number[] {
  const list = fields.get(name);
  if (!isArray(list) || list.length > most) fields.fail(name, `a list of at most ${most}`, 'something else');
  return list.map((value) => {
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    if (!fits || Object.is(value, -0)) fields.fail(name, 'counts', JSON.stringify(toPlain(value)));
    return value;
  });
}

/** The tensors' bytes must be exactly the file's: no overlaps, no holes, nothing after them. */
function checkRanges(file: string, tensors: ReadonlyMap<string, Entry>, dataBytes: number): void {
  const sorted = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let at = 0;
  for (const [name, { start, end }] of sorted) {
    if (start !== at) {
      throw new BundleError({ file, field: name, expected: `data from byte ${at}`, got: `from ${start}` });
    }
    at = end;
  }
  if (at !== dataBytes) {
    throw new BundleError({ file, expected: `${at} bytes of data`, got: `${dataBytes}` });
  }
}

export interface TensorToWrite {
  readonly shape: readonly number[];
  /** The values, or what makes them when it is their turn. */
  readonly data: Float32Array | (() => Float32Array);
}

/**
 * What comes before the values of tensors, float32 unless they say otherwise, that lie one after the other in this order.
 *
 * @param alignment of the first of them in the file; spaces after the header see to it
 */
export function safetensorsHeader(
  tensors: Iterable<readonly [name: string, { readonly shape: readonly number[]; readonly dtype?: string }]>,
  metadata: Readonly<Record<string, string>> = {},
  alignment = 8,
): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { [METADATA]: metadata } : {};
  let at = 0;
  for (const [name, { shape, dtype = 'F32' }] of tensors) {
    const bytes = shape.reduce((product, dim) => product * dim, ELEMENTS[dtype].bytes);
    header[name] = { dtype, shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const size = Math.ceil((LENGTH_BYTES + json.length) / alignment) * alignment;
  const whole = Buffer.alloc(size, ' ');
  whole.writeBigUInt64LE(BigInt(size - LENGTH_BYTES));
  json.copy(whole, LENGTH_BYTES);
  return whole;
}

/** Writes float32 tensors, one after the other, to a file, or to one that is open. Replaces a file that is there. */
export function writeSafetensors(
  file: string | number,
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const descriptor = typeof file === 'number' ? file : openSync(file, 'w');
  try {
    const write = (part: Uint8Array): void => {
      for (let done = 0; done < part.length;) done += writeSync(descriptor, part, done);
    };
    write(safetensorsHeader(Object.entries(tensors), metadata));
    for (const [name, { shape, data }] of Object.entries(tensors)) {
      const values = typeof data === 'function' ? data() : data;
      if (values.length !== shape.reduce((product, dim) => product * dim, 1)) {
        throw new RangeError(`${name}: ${values.length} values do not fill [${shape.join(', ')}]`);
      }
      write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  } finally {
    if (typeof file === 'string') closeSync(descriptor);
  }
}
