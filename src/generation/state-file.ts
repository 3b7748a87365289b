/**
 * Saved runs. A state file is
 *
 *     "flashinf state\n", u32 version, u32 bytes of the header, the header (JSON), u32 ids, the
 *     arrays of f32 that the model carries along, then each of the mixer's arrays: a bit per block of 1,024 values that is not all zero, those blocks;
 *     and the SHA-256 of all that
 *
 * with little-endian numbers. It is written under another name, synced, and renamed: it is there whole or not at all.
 */
import { createHash, type Hash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { MixerShape, Plan } from '../mixer/index.js';
import { BundleError, type LanguageModel } from '../model/index.js';
import { Fields } from '../format/fields.js';
import { isArray, isObject, parseJson, toPlain, type Json } from '../format/json.js';
import type { Point, SavedPoint } from './point.js';
import type { Sampling } from './sampler.js';

const MAGIC = Buffer.from('flashinf state\n');
const VERSION = 3;
const PREFIX = MAGIC.length + 8;
const DIGEST = 32;
/** Far above any header: what grows with the text is not in it. */
const LONGEST_HEADER = 1 << 20;
/** Values in a block; blocks that are all zero take one bit. */
const BLOCK = 1024;
/** Bytes read or written at a time. */
const CHUNK = 1 << 20;

/** What a run that goes on takes from the one before, besides the point itself. */
export interface SavedText {
  readonly seed: number;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  readonly ignoreEos: boolean;
  /** Tokens that were asked for and not yet generated. */
  readonly remaining: number;
  /** Whether the last token ends the text. */
  readonly ended: boolean;
  /** Bytes of the text that were held back. */
  readonly held: Uint8Array;
}

export interface SavedState {
  readonly text: SavedText;
  readonly point: SavedPoint;
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
  const target = checkStateTarget(file);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}`);
  try {
    const descriptor = openSync(temporary, 'w', 0o600);
    try {
      const out = new HashingWriter(descriptor);
      const header = Buffer.from(JSON.stringify(toHeader(model, text, point)));
      const prefix = Buffer.concat([MAGIC, Buffer.alloc(8)]);
      prefix.writeUInt32LE(VERSION, MAGIC.length);
      prefix.writeUInt32LE(header.length, MAGIC.length + 4);
      out.write(prefix);
      out.write(header);
      out.write(bytesOf(Uint32Array.from(point.ids)));
      for (const array of point.state) out.write(bytesOf(array));
      for (const array of point.arrays) writeSparse(out, array);
      out.finish();
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new StateWriteError(`cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
  syncDirectory(dirname(target));
}

/**
 * Where a state would be written: the file that a link leads to. Throws a StateWriteError if that cannot work, which
 * is better known before a long run than after it.
 */
export function checkStateTarget(file: string): string {
  try {
    const target = existsSync(file) ? realpathSync(file) : file;
    if (existsSync(target) && !statSync(target).isFile()) throw new Error('not a regular file');
    accessSync(dirname(target), constants.W_OK);
    return target;
  } catch (error) {
    throw new StateWriteError(`cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** So that the new name outlives a crash; not every system can. */
function syncDirectory(directory: string): void {
  try {
    const descriptor = openSync(directory, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return;
  }
}

/**
 * Reads and checks a state file; the mixer's arrays stay in it until they are restored. Throws BundleError if it is
 * not one, not whole, or of another model.
 */
export function openState(file: string, model: LanguageModel): SavedState {
  let descriptor: number;
  try {
    // Opening a pipe would wait for somebody who writes to it, deaf to signals.
    if (!statSync(file).isFile()) {
      throw new BundleError({ file, expected: 'a saved state', got: 'what is no regular file' });
    }
    descriptor = openSync(file, 'r');
  } catch (error) {
    if (error instanceof BundleError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const got = code === 'ENOENT' ? 'nothing there' : (code ?? String(error));
    throw new BundleError({ file, expected: 'a saved state', got });
  }
  try {
    return new StateReader(file, descriptor).read(model);
  } finally {
    closeSync(descriptor);
  }
}

function toHeader(model: LanguageModel, { held, ...text }: SavedText, point: Point): object {
  return {
    model: { id: model.id, name: model.config.name },
    text: { ...text, held: Buffer.from(held).toString('hex') },
    ids: point.ids.length,
    prompt: point.prompt,
    random: point.random,
    mixer: point.mixer,
    arrays: point.arrays.map(({ length }) => length),
  };
}

/** Writes to a file in large pieces, and hashes what it writes. */
class HashingWriter {
  private readonly hash: Hash = createHash('sha256');
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

/** One state file, open. */
class StateReader {
  private readonly size: number;

  constructor(
    private readonly file: string,
    private readonly descriptor: number,
  ) {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) this.fail('', 'a saved state', 'something that is not a regular file');
    this.size = stats.size;
  }

  read(model: LanguageModel): SavedState {
    const { header, end } = this.header();
    const named = header.object('model');
    const name = named.string('name', /^[^\p{Cc}]{1,200}$/u, 'a name');
    const id = named.string('id', /^[0-9a-f]{64}$/, 'an id');
    if (id !== model.id)
      this.fail(
        'model',
        `a state of ${model.config.name} (${model.id.slice(0, 12)})`,
        `one of ${name} (${id.slice(0, 12)})`,
      );
    this.checkDigest();

    const { context, vocabulary, width } = model.config.model;
    const count = header.integer('ids', { min: 2, max: context + 2 });
    const prompt = header.integer('prompt', { min: 1, max: count - 1 });
    const mixer = readMixer(header.object('mixer'), {
      convolutions: model.convolutions,
      width,
      length: context,
    });
    // All tokens but the last have been through the mixer, the prompt's too if it was filled in.
    const fed = [count - prompt - 1, count - 1];
    if (!fed.includes(mixer.position))
      header.fail('ids', `${mixer.position + 1}, the prompt included or not`, String(count));
    const lengths = readNumbers(header, 'arrays');
    const text = readText(header.object('text'));
    const random = readNumbers(header, 'random');
    if (random.length !== 4 || !random.every(Number.isInteger))
      header.fail('random', '4 integers', JSON.stringify(random));

    const ids = new Uint32Array(count);
    let at = this.readInto(bytesOf(ids), end);
    const odd = ids.findIndex((token) => token >= vocabulary);
    if (odd >= 0) this.fail(`ids.${odd}`, `a token below ${vocabulary}`, String(ids[odd]));
    const { arrays: state } = model.start();
    for (const array of state) at = this.readInto(bytesOf(array), at);

    const restore = (arrays: readonly Float32Array[]): void => this.restore(arrays, lengths, at);
    return { text, point: { ids: [...ids], prompt, random, state, mixer, restore } };
  }

  private header(): { header: Fields; end: number } {
    const prefix = Buffer.alloc(PREFIX);
    const had = readSync(this.descriptor, prefix, 0, PREFIX, 0);
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
    return { header: Fields.of(parseJson(bytes, this.file, 'header'), this.file, 'header'), end };
  }

  private checkDigest(): void {
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(CHUNK);
    const end = this.size - DIGEST;
    for (let at = 0; at < end;) {
      const part = chunk.subarray(0, Math.min(CHUNK, end - at));
      at = this.readInto(part, at);
      hash.update(part);
    }
    const digest = Buffer.alloc(DIGEST);
    this.readInto(digest, end);
    if (!digest.equals(hash.digest()))
      this.fail('sha256', 'the digest of its contents', 'another: it was cut short or changed');
  }

  /** Fills `bytes` from an offset on; returns the offset behind them. */
  private readInto(bytes: Uint8Array, from: number, descriptor = this.descriptor): number {
    for (let done = 0; done < bytes.length;) {
      const read = readSync(descriptor, bytes, done, bytes.length - done, from + done);
      if (read === 0)
        this.fail('', `at least ${from + bytes.length} bytes`, `${from + done}: it was cut short`);
      done += read;
    }
    return from + bytes.length;
  }

  /** Opens the file once more: between checking it and this, models are loaded and filters computed. */
  private restore(arrays: readonly Float32Array[], lengths: readonly number[], from: number): void {
    const wanted = arrays.map(({ length }) => length);
    if (JSON.stringify(wanted) !== JSON.stringify(lengths)) {
      this.fail('arrays', `the mixer's ${JSON.stringify(wanted)} values`, JSON.stringify(lengths));
    }
    const descriptor = openSync(this.file, 'r');
    try {
      const chunk = new Float32Array(BLOCK);
      let at = from;
      for (const array of arrays) {
        const map = new Uint8Array(Math.ceil(blocksOf(array.length) / 8));
        at = this.readInto(map, at, descriptor);
        array.fill(0);
        for (let b = 0; b < blocksOf(array.length); b++) {
          if (!(map[b >> 3] & (1 << (b & 7)))) continue;
          const part = chunk.subarray(0, Math.min(BLOCK, array.length - b * BLOCK));
          at = this.readInto(bytesOf(part), at, descriptor);
          array.set(part, b * BLOCK);
        }
      }
      if (at !== this.size - DIGEST) this.fail('', `${at + DIGEST} bytes`, String(this.size));
    } finally {
      closeSync(descriptor);
    }
  }

  private fail(field: string, expected: string, got: string): never {
    throw new BundleError({ file: this.file, field, expected, got });
  }
}

function readText(fields: Fields): SavedText {
  const sampling = fields.object('sampling');
  const positive = { min: 0, max: Number.MAX_VALUE };
  const count = { min: -1, max: Number.MAX_SAFE_INTEGER };
  const flag = (name: string): boolean => {
    const value = fields.get(name);
    if (typeof value !== 'boolean') fields.fail(name, 'true or false', 'something else');
    return value;
  };
  const stop = fields.get('stop');
  if (!isArray(stop) || !stop.every((item): item is string => typeof item === 'string' && item !== '')) {
    fields.fail('stop', 'a list of texts', 'something else');
  }
  return {
    seed: fields.integer('seed', { min: 0, max: 2 ** 32 - 1 }),
    sampling: {
      repeatPenalty: sampling.number('repeatPenalty', positive),
      repeatLastN: sampling.integer('repeatLastN', count),
      topK: sampling.integer('topK', count),
      topP: sampling.number('topP', positive),
      minP: sampling.number('minP', positive),
      temperature: sampling.number('temperature', positive),
    },
    stop: stop,
    ignoreEos: flag('ignoreEos'),
    remaining: fields.integer('remaining', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    ended: flag('ended'),
    held: Buffer.from(fields.string('held', /^([0-9a-f]{2})*$/, 'hexadecimal digits'), 'hex'),
  };
}

/** What the plan is beyond plain data is the mixer's to check. */
function readMixer(
  fields: Fields,
  most: Required<Pick<MixerShape, 'convolutions' | 'width' | 'length'>>,
): SavedPoint['mixer'] {
  const shape = fields.object('shape');
  const one = (value: number): { min: number; max: number } => ({ min: value, max: value });
  const length = shape.integer('length', { min: 1, max: most.length });
  const plan = fields.get('plan');
  if (!isObject(plan) || !isArray(plan.get('levels') ?? null) || plan.get('length') !== length) {
    fields.fail('plan', `a plan for ${length} positions`, 'something else');
  }
  return {
    name: fields.oneOf('name', ['lazy', 'eager', 'tiled'] as const),
    shape: {
      convolutions: shape.integer('convolutions', one(most.convolutions)),
      width: shape.integer('width', one(most.width)),
      length,
    },
    plan: JSON.parse(JSON.stringify(toPlain(plan))) as Plan,
    position: fields.integer('position', { min: 0, max: length }),
  };
}

function readNumbers(fields: Fields, name: string): readonly number[] {
  const list: Json = fields.get(name);
  if (!isArray(list) || !list.every((item): item is number => typeof item === 'number')) {
    fields.fail(name, 'a list of numbers', 'something else');
  }
  return list;
}
