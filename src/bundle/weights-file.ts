/**
 * The weights of a bundle: a safetensors file that the graphs read in place. Its data begins at a multiple of 64 bytes, and
 * so does each tensor whose size allows it: all but those behind one of another size, which come last.
 */
import { statSync, type BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { readTable, safetensorsHeader } from '../container/index.js';
import { BundleError, FileBytes } from '../format/index.js';
import { scalesOf } from '../layers/index.js';
import { elements, type Packing, type TensorPlace, type TensorTable } from '../onnx/index.js';
import type { FileEntry } from './config.js';
import { checkAside, checkFinite, checkHash, CHUNK, type CheckStart, type Floats } from './content.js';
import { type Bits, bitsOf, dequantise, type Stored } from './quantised.js';

const ALIGNMENT = 64;

/** Files up to this size are held in memory: whatever becomes of the file, its weights are those that were checked. */
export const IN_MEMORY = 1 << 26;

/** Some hundred bytes for each of 16 tensors in each of 1,024 layers come to a third of this. */
const LONGEST_HEADER = 1 << 23;

const bytesOf = ({ dtype, dims }: Stored): number => elements(dims) * (dtype === 'F32' ? 4 : 1);

/** Names of tensors in the order in which the file holds them, and what comes before their values. */
export function layOut(tensors: ReadonlyMap<string, Stored>): {
  readonly header: Uint8Array;
  readonly names: readonly string[];
  /** Of the file. */
  readonly bytes: number;
} {
  const odd = ([, tensor]: readonly [string, Stored]): number => {
    const bytes = bytesOf(tensor);
    return bytes % ALIGNMENT === 0 ? 0 : bytes % 4 === 0 ? 1 : 2;
  };
  const sorted = [...tensors].sort((a, b) => odd(a) - odd(b));
  const header = safetensorsHeader(
    sorted.map(([name, { dtype, dims }]) => [name, { dtype, shape: dims }] as const),
    {},
    ALIGNMENT,
  );
  const bytes = sorted.reduce((sum, [, tensor]) => sum + bytesOf(tensor), header.length);
  return { header, names: sorted.map(([name]) => name), bytes };
}

/** Of a tensor `[out, block, bytes]`. */
const packingAs = (bits: Bits, dims: readonly number[]): Packing => ({
  bits,
  block: (dims[dims.length - 1] * 8) / bits,
});

/** The weights file of an open bundle. */
export class Weights {
  private constructor(
    private readonly bytes: FileBytes,
    private readonly stats: BigIntStats,
    /** The whole file, if it is small. */
    private readonly memory: Uint8Array | undefined,
    private readonly places: ReadonlyMap<string, TensorPlace>,
    /** What is still to be checked. */
    private readonly unchecked: CheckStart | undefined,
  ) {}

  /**
   * Reads the table of an open file and all values, which are held to the hash and must be finite. Throws BundleError; of a file
   * that is checked aside, `check` does, and until then nothing may be told from its values.
   *
   * @param stats of the open file
   * @param bits of quantised values, where the bundle may hold some
   * @param inMemory the largest file that is read into memory
   * @param aside from what size on a file is checked by a thread of its own
   */
  static open(
    bytes: FileBytes,
    stats: BigIntStats,
    entry: FileEntry,
    bits: Bits | undefined,
    inMemory = IN_MEMORY,
    aside = Infinity,
  ): Weights {
    const memory = bytes.size <= inMemory ? bytes.read(0, bytes.size) : undefined;
    const read = (from: number, length: number): Uint8Array =>
      memory?.subarray(from, from + length) ?? bytes.read(from, length);
    const { file, size } = bytes;
    const dataStart = dataStartOf(bytes);
    const source = { file, size, read };
    const { sha256 } = entry;
    const later = memory === undefined && size >= aside;
    if (!later) checkHash(source, sha256);
    const floats: Floats[] = [];
    const places = new Map<string, TensorPlace>();
    for (const [name, { dtype, shape, start, end }] of readTable(bytes).tensors) {
      const offset = dataStart + start;
      const place = { dims: shape, file, offset, bytes: end - start };
      if (dtype === 'F32') {
        floats.push({ field: name, offset, bytes: place.bytes });
        places.set(name, { dtype, ...place });
      } else if (dtype === 'U8' && bits !== undefined) {
        places.set(name, { dtype, ...place, packing: packingAs(bitsOf(name, bits), shape) });
      } else {
        const expected = `values of type F32${bits === undefined ? '' : ' or U8'}`;
        throw new BundleError({ file, field: name, expected, got: dtype });
      }
    }
    if (!later) for (const each of floats) checkFinite(source, each);
    const { descriptor } = bytes;
    const unchecked = later ? { file, descriptor, size, sha256, floats } : undefined;
    return new Weights(bytes, stats, memory, places, unchecked);
  }

  /** Checks what was not checked by opening. Rejects with a BundleError; the file must stay open until then. */
  async check(): Promise<void> {
    if (this.unchecked !== undefined) await checkAside(this.unchecked);
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
    const { bytes, dims, offset } = this.placeOf(name);
    const size = row === undefined ? bytes : bytes / dims[0];
    return this.bytesAt(offset + (row ?? 0) * size, size);
  }

  private placeOf(name: string): TensorPlace {
    const place = this.places.get(name);
    if (place === undefined) throw new RangeError(`${this.file} has no tensor ${name}`);
    return place;
  }

  private bytesAt(from: number, size: number): Uint8Array {
    return this.memory?.subarray(from, from + size) ?? this.bytes.read(from, size);
  }

  /**
   * A copy of a tensor's values, or of those of element `row` of its first axis. Those of quantised ones are as far from what
   * they were made of as they are.
   */
  values(name: string, row?: number): Float32Array {
    const place = this.places.get(name);
    if (place?.packing !== undefined && row === undefined) {
      return dequantise(name, place, this.read(name), this.values(scalesOf(name)));
    }
    return new Float32Array(this.read(name, row).slice().buffer);
  }

  /** Rows `from` <= r < `to` of element `index` of a tensor of three axes, not quantised. */
  rows(name: string, index: number, from: number, to: number): Float32Array {
    const { dims, offset } = this.placeOf(name);
    const [, rows, columns] = dims;
    return new Float32Array(
      this.bytesAt(offset + 4 * columns * (index * rows + from), 4 * columns * (to - from)).slice().buffer,
    );
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
