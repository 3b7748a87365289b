/**
 * A bundle opened for reading: a directory whose every file is what `config.json` says. Each file is opened once, checked,
 * and used through that handle or those bytes: a bundle that is replaced meanwhile stays what it was to whoever has it.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { BundleError, FileBytes, isObject, parseJson } from '../format/index.js';
import { CONFIG_FILE, readConfig, readFileNames, WEIGHTS_FILE, type BundleConfig } from './config.js';
import { isVacant } from './place.js';
import { type Stored, storedTensors } from './quantised.js';
import { modelTensors } from './tensors.js';
import { Weights } from './weights-file.js';

/** A config is a few kilobytes; a larger file is something else. */
const LONGEST_CONFIG = 1 << 20;

/** No tokenizer in use is half as long. */
const LONGEST_TOKENIZER = 1 << 26;

/** What people have where a bundle is wanted, and what to do. */
const checkpointAt = (path: string): string =>
  `a checkpoint: \`flashinf import ${path} -o DIR\` makes a bundle of a checkpoint`;
const OF_CHECKPOINT = /\.(safetensors|pt|pth|bin|ckpt|index\.json)$|^snapshots$/;

/** A bundle that is being replaced is not there for a moment: how often, and after how many ms, to look again. */
const TRIES = 100;
const PAUSE = 5;

export interface Bundle {
  readonly directory: string;
  readonly config: BundleConfig;
  /** See `BundleConfig`. */
  readonly id: string;
  readonly weights: Weights;
  /**
   * Once all values are known to be what they must be; rejects with a BundleError. Until then nothing may be told from them, and
   * the bundle must stay open.
   */
  readonly checked: Promise<void>;
  /** The content of the tokenizer's file, if it has one. */
  readonly tokenizerFile?: Uint8Array;
  close(): void;
}

/**
 * Validates a bundle in full: the config field by field, then that every file is there, regular, inside the
 * directory, of the right size and of the right content, that the tensors are those of the model, and all of them
 * finite. Throws BundleError.
 *
 * @param inMemory weights of at most so many bytes are read into memory, larger ones mapped. Default: 64 MiB
 * @param aside values of weights of so many bytes or more are checked by a thread of its own, see `checked`. Default: none
 */
export function openBundle(directory: string, inMemory?: number, aside?: number): Bundle {
  for (let tries = 1; ; tries++) {
    const before = identity(directory);
    try {
      return openOnce(directory, inMemory, aside);
    } catch (error) {
      const replaced = identity(directory) !== before || (before === undefined && inReplacement(directory));
      if (!replaced || tries === TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
  }
}

/**
 * What is at `path` that putting a bundle in its place would lose; undefined where that is nothing.
 *
 * @param besides names of files that may be there beside the bundle's
 */
export function otherThanBundle(path: string, besides?: RegExp): string | undefined {
  if (!statSync(path).isDirectory()) return 'not a directory';
  const names = readdirSync(path);
  if (isVacant(path)) return undefined;
  let own: readonly string[];
  try {
    const file = join(path, CONFIG_FILE);
    own = readFileNames(parseJson(readWhole(openRegular(file), LONGEST_CONFIG), file), file);
  } catch {
    return 'not a bundle';
  }
  const other = names.find((name) => name !== CONFIG_FILE && !own.includes(name) && !besides?.test(name));
  return other === undefined ? undefined : `a bundle that also holds ${other}`;
}

function openOnce(directory: string, inMemory?: number, aside?: number): Bundle {
  requireDirectory(directory);
  const configFile = join(directory, CONFIG_FILE);
  const json = parseJson(readWhole(openRegular(configFile), LONGEST_CONFIG), configFile);
  if (isObject(json) && !json.has('format')) requireNoCheckpoint(directory);
  const config = readConfig(json, configFile);
  const open = new Map<string, RegularFile>();
  try {
    // All of them first: a file cut short should not cost the hashing of those before it.
    for (const [name, entry] of Object.entries(config.files)) {
      const file = openRegular(join(directory, name));
      open.set(name, file);
      if (file.bytes.size !== entry.bytes) {
        const got = `${file.bytes.size}`;
        throw new BundleError({ file: file.bytes.file, expected: `${entry.bytes} bytes`, got });
      }
    }
    const contents = new Map<string, Uint8Array>();
    for (const [name, file] of open) {
      if (name === WEIGHTS_FILE) continue;
      const { sha256 } = config.files[name];
      const content = readWhole(file, LONGEST_TOKENIZER);
      open.delete(name);
      const got = createHash('sha256').update(content).digest('hex');
      if (got !== sha256)
        throw new BundleError({ file: file.bytes.file, field: 'sha256', expected: sha256, got });
      contents.set(name, content);
    }
    const { bytes, stats } = open.get(WEIGHTS_FILE)!;
    const bits = config.weights?.bits;
    const weights = Weights.open(bytes, stats, config.files[WEIGHTS_FILE], bits, inMemory, aside);
    checkTensors(weights, config);
    const checked = weights.check();
    // Whoever waits for it hears of it.
    checked.catch(() => undefined);
    const tokenizerFile = config.tokenizer.file && contents.get(config.tokenizer.file);
    return {
      directory,
      config,
      id: config.id,
      weights,
      checked,
      ...(tokenizerFile && { tokenizerFile }),
      close: () => weights.close(),
    };
  } catch (error) {
    for (const { bytes } of open.values()) bytes.close();
    throw error;
  }
}

/** The tensors of the model, no other and none left out, of the shapes that its dimensions ask for. */
function checkTensors({ file, tensors }: Weights, config: BundleConfig): void {
  const wanted = storedTensors(modelTensors(config, tensors.has('head')), config.weights?.bits);
  const show = ({ dtype, dims }: Stored): string =>
    `${dtype === 'F32' ? '' : `of type ${dtype} `}[${dims.join(', ')}]`;
  for (const [name, stored] of wanted) {
    const found = tensors.get(name);
    if (found === undefined || show(found) !== show(stored)) {
      const got = found === undefined ? 'none' : `one ${show(found)}`;
      throw new BundleError({ file, field: name, expected: `a tensor ${show(stored)}`, got });
    }
  }
  for (const name of tensors.keys()) {
    if (!wanted.has(name))
      throw new BundleError({ file, field: name, expected: 'no such tensor', got: 'one' });
  }
}

/** What tells a directory from one that has taken its place; undefined where there is none. */
function identity(directory: string): string | undefined {
  const stats = statSync(directory, { bigint: true, throwIfNoEntry: false });
  return stats && [stats.dev, stats.ino, stats.ctimeNs].join();
}

/** Whether a bundle for this place lies beside it. */
function inReplacement(directory: string): boolean {
  try {
    const link = lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    const place = link ? resolve(dirname(directory), readlinkSync(directory)) : resolve(directory);
    return readdirSync(dirname(place)).some((name) => name.startsWith(`${basename(place)}.new-`));
  } catch {
    return false;
  }
}

function requireDirectory(directory: string): void {
  const stats = onFile(directory, () => statSync(directory), 'a model bundle (a directory)');
  if (!stats.isDirectory()) {
    const got = OF_CHECKPOINT.test(directory) ? checkpointAt(directory) : 'a file';
    throw new BundleError({ file: directory, expected: 'a model bundle (a directory)', got });
  }
  if (!existsSync(join(directory, CONFIG_FILE))) requireNoCheckpoint(directory);
}

function requireNoCheckpoint(directory: string): void {
  const names = onFile(directory, () => readdirSync(directory));
  if (!names.some((name) => name !== WEIGHTS_FILE && OF_CHECKPOINT.test(name))) return;
  throw new BundleError({ file: directory, expected: 'a model bundle', got: checkpointAt(directory) });
}

interface RegularFile {
  readonly bytes: FileBytes;
  readonly stats: BigIntStats;
}

/** The content of a file, which is closed. */
function readWhole({ bytes }: RegularFile, longest: number): Uint8Array {
  const { file, size } = bytes;
  try {
    if (size > longest) {
      throw new BundleError({ file, expected: `at most ${longest} bytes`, got: `${size}` });
    }
    return onFile(file, () => bytes.read(0, size));
  } finally {
    bytes.close();
  }
}

/**
 * A symbolic link is refused wherever it leads: a bundle is complete in itself. A hard link is not: package
 * managers install files as such.
 */
function openRegular(file: string): RegularFile {
  const expected = 'a regular file';
  // Before opening: some devices do things when they are opened.
  const found = onFile(file, () => lstatSync(file), expected);
  if (!found.isFile()) {
    const got = found.isSymbolicLink() ? 'a symbolic link' : found.isDirectory() ? 'a directory' : 'a device';
    throw new BundleError({ file, expected, got });
  }
  // The name could have been given to something else since; where the system knows no such flags they are 0.
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
  const descriptor = onFile(file, () => openSync(file, O_RDONLY! | O_NOFOLLOW | O_NONBLOCK));
  const stats = fstatSync(descriptor, { bigint: true });
  if (!stats.isFile()) {
    closeSync(descriptor);
    throw new BundleError({ file, expected, got: 'something else' });
  }
  return { bytes: new FileBytes(file, descriptor, Number(stats.size)), stats };
}

/** Runs a file operation; its failure is the file's. */
function onFile<T>(file: string, operation: () => T, expected = 'a readable file'): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof BundleError) throw error;
    throw new BundleError({ file, expected, got: reason(error) }, { cause: error });
  }
}

function reason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'nothing there';
  return code ?? String(error);
}
