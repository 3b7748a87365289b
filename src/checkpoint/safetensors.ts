/**
 * The safetensors container: eight bytes of header length (u64, little-endian), a JSON header that gives each
 * tensor's type, shape and byte range, then the bytes. A file is validated in full before anything the size
 * of a tensor is allocated.
 */
import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { BundleError } from '../model/errors.js';
import { Fields } from '../model/fields.js';
import { isArray, parseJson, toPlain, type Json } from '../model/json.js';
import { ELEMENTS } from './element.js';
import type { TensorInfo, TensorSource } from './source.js';

const LENGTH_BYTES = 8;
/** The cap of the format's own library. */
const LONGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';
const MOST_DIMS = 8;

interface Entry extends TensorInfo {
  /** Byte range from the end of the header. */
  readonly start: number;
  readonly end: number;
}

export class SafetensorsFile implements TensorSource {
  private constructor(
    readonly file: string,
    private readonly descriptor: number,
    /** Bytes before the first tensor. */
    private readonly dataStart: number,
    readonly tensors: ReadonlyMap<string, Entry>,
    readonly metadata: ReadonlyMap<string, string>,
  ) {}

  /** Opens and validates a file. Throws BundleError. */
  static open(file: string): SafetensorsFile {
    let descriptor: number;
    try {
      descriptor = openSync(file, 'r');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const got = code === 'ENOENT' ? 'nothing there' : String(code);
      throw new BundleError({ file, expected: 'a readable safetensors file', got }, { cause: error });
    }
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile()) throw new BundleError({ file, expected: 'a regular file', got: 'something else' });
      const headerBytes = readHeaderLength(file, descriptor, stats.size);
      const header = parseJson(readAt(file, descriptor, LENGTH_BYTES, headerBytes), file, 'header');
      const dataStart = LENGTH_BYTES + headerBytes;
      const { tensors, metadata } = readHeader(header, file, stats.size - dataStart);
      return new SafetensorsFile(file, descriptor, dataStart, tensors, metadata);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  read(name: string): Float32Array {
    const { entry, view } = this.bytes(name);
    // Float32 is the common case by far, and the buffer is ours and aligned.
    if (entry.dtype === 'F32') return new Float32Array(view.buffer, 0, view.byteLength / 4);
    return Float32Array.from(this.readFloat64(name));
  }

  /** The values without rounding (integers beyond 2^53 aside). */
  readFloat64(name: string): Float64Array {
    const { entry, view } = this.bytes(name);
    const { bytes, get } = ELEMENTS[entry.dtype];
    return new Float64Array(view.byteLength / bytes).map((_, i) => get(view, i * bytes));
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private bytes(name: string): { entry: Entry; view: DataView } {
    const entry = this.tensors.get(name);
    if (entry === undefined) {
      throw new BundleError({ file: this.file, field: name, expected: 'a tensor', got: 'none' });
    }
    const { start, end } = entry;
    const bytes = readAt(this.file, this.descriptor, this.dataStart + start, end - start);
    return { entry, view: new DataView(bytes.buffer) };
  }
}

/** Reads the header's length and refuses what is no safetensors file, by name where it is a known other. */
function readHeaderLength(file: string, descriptor: number, size: number): number {
  const expected = 'a safetensors file';
  if (size < LENGTH_BYTES) {
    throw new BundleError({ file, expected, got: size === 0 ? 'an empty file' : `${size} bytes` });
  }
  const first = readAt(file, descriptor, 0, Math.min(size, 64));
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

/** What people have in place of a weights file when a download went wrong. */
function recognise(first: Uint8Array): string | undefined {
  const text = new TextDecoder('latin1').decode(first);
  if (text.startsWith('version https://git-lfs')) return 'a Git LFS pointer: fetch the file itself';
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return 'a web page';
  if (text.startsWith('\x1f\x8b')) return 'a gzip archive';
  if (text.startsWith('PK\x03\x04')) return 'a zip archive, such as a PyTorch checkpoint';
  return undefined;
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

function readAt(file: string, descriptor: number, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const read = readSync(descriptor, bytes, done, length - done, position + done);
    if (read === 0) {
      const got = `its end at byte ${position + done}`;
      throw new BundleError({ file, expected: `${length} bytes from byte ${position}`, got });
    }
    done += read;
  }
  return bytes;
}

/** Writes float32 tensors. */
export function writeSafetensors(
  file: string,
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { [METADATA]: metadata } : {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + data.byteLength] };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    at += data.byteLength;
  }
  // Spaces up to a multiple of eight keep the data aligned in the file.
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(padded.length));
  writeFileSync(file, Buffer.concat([length, padded, ...parts]));
}
