/**
 * Saved runs. A state file is
 *
 *     "flashinf state\n", u32 version, u32 bytes of the header, the header (JSON),
 *     the ids, u32,
 *     the arrays that the model carries along, f32,
 *     each of the mixer's arrays: a bit per block of 1,024 values that is not all zero; those blocks, f32,
 *     and the SHA-256 of all that
 *
 * with little-endian numbers.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { LanguageModel } from '../model/index.js';
import { BundleError, type Fields, replaceFile, tryReplacing } from '../format/index.js';
import type { Point, SavedPoint } from './point.js';
import {
  checkModel,
  headerFields,
  LONGEST_HEADER,
  readHeader,
  writeHeader,
  type SavedText,
} from './state-header.js';

const MAGIC = Buffer.from('flashinf state\n');
const VERSION = 3;
const PREFIX = MAGIC.length + 8;
const DIGEST = 32;
/** Values in a block; blocks that are all zero take one bit. */
const BLOCK = 1024;
/** Bytes read or written at a time. */
const CHUNK = 1 << 20;

/** A saved run, for the option `from` of `generate`. It can be gone on from any number of times. */
export interface SavedState {
  readonly text: SavedText;
  readonly point: SavedPoint;
  /** Lets go of the file. What has not been gone on from then cannot be. Otherwise done when nobody holds the state. */
  readonly close: () => void;
}

/** A state could not be written. */
export class StateWriteError extends Error {
  override readonly name = 'StateWriteError';
}

/**
 * Saves a run. Throws a StateWriteError if that fails; then nothing is left behind, and a file that was there is as it
 * was.
 */
export function writeState(file: string, model: LanguageModel, text: SavedText, point: Point): void {
  orStateWriteError(file, () => {
    const header = writeHeader(file, model, text, point);
    const prefix = Buffer.concat([MAGIC, Buffer.alloc(8)]);
    prefix.writeUInt32LE(VERSION, MAGIC.length);
    prefix.writeUInt32LE(header.length, MAGIC.length + 4);
    replaceFile(file, (descriptor) => {
      const out = new HashingWriter(descriptor);
      out.write(prefix);
      out.write(header);
      out.write(bytesOf(Uint32Array.from(point.ids)));
      for (const array of point.state) out.write(bytesOf(array));
      for (const array of point.arrays) writeSparse(out, array);
      out.finish();
    });
  });
}

/**
 * Throws a StateWriteError if a state cannot be written there, which is better known before a long run than after it.
 * A link is followed; only a regular file is replaced.
 */
export function checkStateTarget(file: string): void {
  orStateWriteError(file, () => tryReplacing(file));
}

function orStateWriteError(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new StateWriteError(`cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Opens and checks a state file. The mixer's arrays stay in it until they are restored, from what was opened: a file that
 * takes its name meanwhile changes nothing. Throws a BundleError if it is not one, not whole, or of another model.
 */
export function openState(file: string, model: LanguageModel): SavedState {
  const state = StateFile.open(file);
  try {
    return state.read(model);
  } catch (error) {
    state.close();
    throw error;
  }
}

/** Writes to a file in large pieces, and hashes what it writes. */
class HashingWriter {
  private readonly hash = createHash('sha256');
  private readonly chunk = Buffer.alloc(CHUNK);
  private used = 0;

  constructor(private readonly descriptor: number) {}

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const count = Math.min(bytes.length - from, CHUNK - this.used);
      this.chunk.set(bytes.subarray(from, from + count), this.used);
      this.used += count;
      from += count;
      if (this.used === CHUNK) this.flush();
    }
  }

  finish(): void {
    this.flush();
    writeFully(this.descriptor, this.hash.digest());
  }

  private flush(): void {
    const part = this.chunk.subarray(0, this.used);
    this.hash.update(part);
    writeFully(this.descriptor, part);
    this.used = 0;
  }
}

function writeFully(descriptor: number, bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length;) from += writeSync(descriptor, bytes, from);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Blocks that are zero bit by bit are left out: -0 is not nothing. */
function writeSparse(out: HashingWriter, array: Float32Array): void {
  const words = new Uint32Array(array.buffer, array.byteOffset, array.length);
  const map = new Uint8Array(Math.ceil(blocksOf(array.length) / 8));
  for (let b = 0; b < blocksOf(array.length); b++) {
    if (words.subarray(b * BLOCK, (b + 1) * BLOCK).some((word) => word !== 0)) map[b >> 3] |= 1 << (b & 7);
  }
  out.write(map);
  for (let b = 0; b < blocksOf(array.length); b++) {
    if (map[b >> 3] & (1 << (b & 7))) out.write(bytesOf(array.subarray(b * BLOCK, (b + 1) * BLOCK)));
  }
}

const blocksOf = (values: number): number => Math.ceil(values / BLOCK);

/** Closes the descriptors of states that nobody holds any more. */
const abandoned = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** One state file, open. */
class StateFile {
  private closed = false;

  private constructor(
    private readonly file: string,
    private readonly descriptor: number,
    private readonly size: number,
  ) {
    abandoned.register(this, descriptor, this);
  }

  static open(file: string): StateFile {
    let descriptor: number | undefined;
    try {
      // A pipe would otherwise wait for a writer.
      descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const stats = fstatSync(descriptor);
      if (stats.isFile()) return new StateFile(file, descriptor, stats.size);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const got = code === 'ENOENT' ? 'nothing there' : (code ?? String(error));
      throw new BundleError({ file, expected: 'a saved state', got }, { cause: error });
    }
    closeSync(descriptor);
    throw new BundleError({ file, expected: 'a saved state', got: 'what is no regular file' });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    abandoned.unregister(this);
    closeSync(this.descriptor);
  }

  read(model: LanguageModel): SavedState {
    const { fields, end } = this.header();
    // Before a long file is read: it is what goes wrong most.
    checkModel(fields, model);
    const digest = this.checkDigest();
    const { text, ids: count, prompt, random, mixer, arrays: lengths } = readHeader(fields, model);

    const content = new HashingReader(this, end);
    const ids = new Uint32Array(count);
    content.read(bytesOf(ids));
    const { vocabulary } = model.config.model;
    const odd = ids.findIndex((token) => token >= vocabulary);
    if (odd >= 0) this.fail(`ids.${odd}`, `a token below ${vocabulary}`, String(ids[odd]));
    // The last of the ids has not been through the model.
    const state = model
      .start()
      .sizes(count - 1)
      .map((length) => new Float32Array(length));
    for (const array of state) content.read(bytesOf(array));

    const from = content.position;
    const restore = (arrays: readonly Float32Array[]): void => this.restore(arrays, lengths, from, digest);
    return {
      text,
      point: { ids: [...ids], prompt, random, state, mixer, restore },
      close: () => this.close(),
    };
  }

  /** Fills bytes from a position on. */
  readInto(bytes: Uint8Array, from: number): void {
    if (this.closed) throw new Error('the saved state is closed');
    for (let done = 0; done < bytes.length;) {
      let read: number;
      try {
        read = readSync(this.descriptor, bytes, done, bytes.length - done, from + done);
      } catch (error) {
        return this.fail('', 'a file that can be read', String((error as NodeJS.ErrnoException).code));
      }
      if (read === 0)
        this.fail('', `at least ${from + bytes.length} bytes`, `${from + done}: it was cut short`);
      done += read;
    }
  }

  /** Where the digest begins. */
  get end(): number {
    return this.size - DIGEST;
  }

  private header(): { fields: Fields; end: number } {
    const prefix = Buffer.alloc(PREFIX);
    const had = Math.min(PREFIX, this.size);
    this.readInto(prefix.subarray(0, had), 0);
    if (!prefix.subarray(0, Math.min(had, MAGIC.length)).equals(MAGIC)) {
      this.fail('', 'a saved state', had === 0 ? 'an empty file' : 'another kind of file');
    }
    const version = prefix.readUInt32LE(MAGIC.length);
    if (had === PREFIX && version !== VERSION) this.fail('version', String(VERSION), String(version));
    const length = prefix.readUInt32LE(MAGIC.length + 4);
    if (length > LONGEST_HEADER) this.fail('header', `at most ${LONGEST_HEADER} bytes`, String(length));
    const end = PREFIX + length;
    if (this.size < end + DIGEST)
      this.fail('', `at least ${end + DIGEST} bytes`, `${this.size}: it was cut short`);
    const bytes = Buffer.alloc(length);
    this.readInto(bytes, PREFIX);
    return { fields: headerFields(bytes, this.file), end };
  }

  /** The digest at the end, which is that of all before it. */
  private checkDigest(): Buffer {
    const content = new HashingReader(this, 0);
    content.skip(this.end);
    const digest = Buffer.alloc(DIGEST);
    this.readInto(digest, this.end);
    if (!digest.equals(content.digest()))
      this.fail('sha256', 'the digest of its contents', 'another: it was cut short or changed');
    return digest;
  }

  private restore(
    arrays: readonly Float32Array[],
    lengths: readonly number[],
    from: number,
    digest: Buffer,
  ): void {
    const wanted = arrays.map(({ length }) => length);
    if (JSON.stringify(wanted) !== JSON.stringify(lengths)) {
      this.fail('arrays', `the mixer's ${JSON.stringify(wanted)} values`, JSON.stringify(lengths));
    }
    const content = new HashingReader(this, 0);
    content.skip(from);
    for (const array of arrays) {
      const map = new Uint8Array(Math.ceil(blocksOf(array.length) / 8));
      content.read(map);
      array.fill(0);
      const bytes = bytesOf(array);
      for (let b = 0; b < blocksOf(array.length); b++) {
        if (map[b >> 3] & (1 << (b & 7))) content.read(bytes.subarray(b * BLOCK * 4, (b + 1) * BLOCK * 4));
      }
    }
    if (content.position !== this.end) this.fail('', `${content.position + DIGEST} bytes`, String(this.size));
    // Somebody may have written into the file itself since it was opened.
    if (!content.digest().equals(digest)) this.fail('sha256', 'what it was when it was opened', 'another');
  }

  private fail(field: string, expected: string, got: string): never {
    throw new BundleError({ file: this.file, field, expected, got });
  }
}

/** Reads a state file from a position on in large pieces, and hashes what it reads. */
class HashingReader {
  private readonly hash = createHash('sha256');
  private readonly chunk = Buffer.alloc(CHUNK);
  /** Read from the file, and not yet from here. */
  private held = this.chunk.subarray(0, 0);

  constructor(
    private readonly file: StateFile,
    /** Of the next byte. */
    public position: number,
  ) {}

  /** Fills bytes, which may be shared memory. */
  read(into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const part = this.next(into.length - done);
      into.set(part, done);
      done += part.length;
    }
  }

  skip(count: number): void {
    for (let left = count; left > 0;) left -= this.next(left).length;
  }

  /** Of all that was read. */
  digest(): Buffer {
    return this.hash.digest();
  }

  /** The next bytes: some, at most so many. */
  private next(most: number): Uint8Array {
    if (this.held.length === 0) {
      const count = Math.min(CHUNK, this.file.end - this.position);
      this.held = this.chunk.subarray(0, Math.max(1, count));
      this.file.readInto(this.held, this.position);
    }
    const part = this.held.subarray(0, most);
    this.held = this.held.subarray(part.length);
    this.hash.update(part);
    this.position += part.length;
    return part;
  }
}
