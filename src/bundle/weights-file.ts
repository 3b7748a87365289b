/**
 * The weights of a bundle: a safetensors file that the graphs read in place. Its data begins at a multiple of 64 bytes, and
 * so does each tensor whose size allows it: all but those behind one of another size, which come last.
 */
import { createHash } from 'node:crypto';
import { statSync, type BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { readTable, safetensorsHeader } from '../container/index.js';
import { BundleError, FileBytes } from '../format/index.js';
import { elements, type TensorPlace, type TensorTable } from '../onnx/index.js';
import type { FileEntry } from './config.js';

const ALIGNMENT = 64;

/** Files up to this size are held in memory: whatever becomes of the file, its weights are those that were checked. */
export const IN_MEMORY = 1 << 26;

/** Some hundred bytes for each of 16 tensors in each of 1,024 layers come to a third of this. */
const LONGEST_HEADER = 1 << 23;

/** Bytes read and checked at a time. */
const CHUNK = 1 << 20;

/** Shapes of tensors by name, in the order in which the file holds them, and what comes before their values. */
export function layOut(shapes: ReadonlyMap<string, readonly number[]>): {
  readonly header: Uint8Array;
  readonly names: readonly string[];
  /** Of the file. */
  readonly bytes: number;
} {
  const odd = ([, shape]: readonly [string, readonly number[]]): number =>
    (4 * elements(shape)) % ALIGNMENT === 0 ? 0 : 1;
  const sorted = [...shapes].sort((a, b) => odd(a) - odd(b));
  const header = safetensorsHeader(
    sorted.map(([name, shape]) => [name, { shape }] as const),
    {},
    ALIGNMENT,
  );
  const bytes = sorted.reduce((sum, [, shape]) => sum + 4 * elements(shape), header.length);
  return { header, names: sorted.map(([name]) => name), bytes };
}

/** The weights file of an open bundle. */
export class Weights {
  private constructor(
    private readonly bytes: FileBytes,
    private readonly stats: BigIntStats,
    /** The whole file, if it is small. */
    private readonly memory: Uint8Array | undefined,
    private readonly places: ReadonlyMap<string, TensorPlace>,
  ) {}

  /**
   * Reads the table of an open file and all values, which are held to the hash and must be finite. Throws BundleError.
   *
   * @param stats of the open file
   * @param inMemory the largest file that is read into memory
   */
  static open(bytes: FileBytes, stats: BigIntStats, entry: FileEntry, inMemory = IN_MEMORY): Weights {
    const memory = bytes.size <= inMemory ? bytes.read(0, bytes.size) : undefined;
    const read = (from: number, length: number): Uint8Array =>
      memory?.subarray(from, from + length) ?? bytes.read(from, length);
    const { file, size } = bytes;
    const dataStart = dataStartOf(bytes);
    const odd = checkContent({ file, size, read }, dataStart, entry.sha256);
    const { tensors } = readTable(bytes);
    if (odd !== undefined) {
      const [field] = [...tensors].find(([, { end }]) => odd.offset < dataStart + end)!;
      throw new BundleError({ file: bytes.file, field, expected: 'finite numbers', got: String(odd.value) });
    }
    const places = new Map<string, TensorPlace>();
    for (const [name, { dtype, shape, start, end }] of tensors) {
      if (dtype !== 'F32') {
        throw new BundleError({ file: bytes.file, field: name, expected: 'values of type F32', got: dtype });
      }
      const offset = dataStart + start;
      places.set(name, { dtype, dims: shape, file: bytes.file, offset, bytes: end - start });
    }
    return new Weights(bytes, stats, memory, places);
  }

  get file(): string {
    return this.bytes.file;
  }

  /** In bytes. */
  get size(): number {
    return this.bytes.size;
  }

  /** Tensors by name: where they lie in the file. */
  get tensors(): ReadonlyMap<string, TensorPlace> {
    return this.places;
  }

  /** The stored bytes of a tensor, or of element `row` of its first axis: those that were checked. */
  read(name: string, row?: number): Uint8Array {
    const place = this.places.get(name);
    if (place === undefined) throw new RangeError(`${this.file} has no tensor ${name}`);
    const size = row === undefined ? place.bytes : place.bytes / place.dims[0];
    const from = place.offset + (row ?? 0) * size;
    return this.memory?.subarray(from, from + size) ?? this.bytes.read(from, size);
  }

  /** A copy of a tensor's values, or of those of element `row` of its first axis. */
  values(name: string, row?: number): Float32Array {
    return new Float32Array(this.read(name, row).slice().buffer);
  }

  /** All bytes of the file, in pieces. */
  *chunks(): Generator<Uint8Array> {
    for (let at = 0; at < this.size; at += CHUNK) {
      const end = Math.min(this.size, at + CHUNK);
      yield this.memory?.subarray(at, end) ?? this.bytes.read(at, end - at);
    }
  }

  /** The weights as tensors of the file named `file` beside a graph. */
  inFile(file: string): TensorTable {
    const of = (place: TensorPlace | undefined): TensorPlace | undefined => place && { ...place, file };
    return { has: (name) => this.places.has(name), get: (name) => of(this.places.get(name)) };
  }

  /** The directory in which ONNX Runtime can map the file, if it is one to be mapped and still there as it was checked. */
  get directory(): string | undefined {
    if (this.memory !== undefined) return undefined;
    const { dev, ino, size, mtimeNs } = this.stats;
    const now = statSync(this.file, { bigint: true, throwIfNoEntry: false });
    const same = now?.dev === dev && now.ino === ino && now.size === size && now.mtimeNs === mtimeNs;
    return same ? dirname(this.file) : undefined;
  }

  close(): void {
    this.bytes.close();
  }
}

/** Holds a file to its hash. Returns the first value that is not finite, if there is one. */
function checkContent(
  {
    file,
    size,
    read,
  }: Pick<FileBytes, 'file' | 'size'> & { read: (from: number, length: number) => Uint8Array },
  dataStart: number,
  sha256: string,
): { offset: number; value: number } | undefined {
  const hash = createHash('sha256');
  let odd: { offset: number; value: number } | undefined;
  for (let at = 0; at < size; at += CHUNK) {
    const chunk = read(at, Math.min(CHUNK, size - at));
    hash.update(chunk);
    odd ??= firstOdd(chunk, at, dataStart);
  }
  const got = hash.digest('hex');
  if (got !== sha256) throw new BundleError({ file, field: 'sha256', expected: sha256, got });
  return odd;
}

/**
 * Where values begin, by the header's length alone: a multiple of 64, and not so far that what lists the tensors of the
 * largest models does not fit twice.
 */
function dataStartOf(bytes: FileBytes): number {
  const start = 8n + new DataView(bytes.read(0, 8).buffer).getBigUint64(0, true);
  if (start % BigInt(ALIGNMENT) !== 0n || start > BigInt(Math.min(LONGEST_HEADER, bytes.size))) {
    const expected = `data from a multiple of ${ALIGNMENT} bytes, up to ${LONGEST_HEADER}`;
    throw new BundleError({ file: bytes.file, field: 'header length', expected, got: `from byte ${start}` });
  }
  return Number(start);
}

/** The first float32 of a chunk at an offset that is not finite. */
function firstOdd(
  chunk: Uint8Array,
  at: number,
  dataStart: number,
): { offset: number; value: number } | undefined {
  const from = Math.max(0, dataStart - at);
  if (from >= chunk.length) return undefined;
  const start = chunk.byteOffset + from;
  const words = new Uint32Array(chunk.buffer, start, (chunk.length - from) >> 2);
  for (let i = 0; i < words.length; i++) {
    // The exponent's bits are all ones: infinite, or not a number.
    if ((words[i] & 0x7f800000) !== 0x7f800000) continue;
    return { offset: at + from + 4 * i, value: new Float32Array(chunk.buffer, start, words.length)[i] };
  }
  return undefined;
}
