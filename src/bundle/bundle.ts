/** A bundle opened for reading: a directory whose every file is what `config.json` says. */
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { CONFIG_FILE, readConfig, type BundleConfig, type FileEntry } from './config.js';
import { sha256OfFile, sha256OfText } from '../format/digest.js';
import { BundleError } from '../format/errors.js';
import { parseJson } from '../format/json.js';

/** A config is a few kilobytes; a larger file is something else. */
const LONGEST_CONFIG = 1 << 20;

export interface Bundle {
  readonly directory: string;
  readonly config: BundleConfig;
  /** Hex SHA-256 over the dimensions and the hashes of the files. */
  readonly id: string;
  /** Path of a file of the bundle. */
  path(file: string): string;
}

/**
 * Validates a bundle in full: the config field by field, then that every file is there, regular, inside the
 * directory, of the right size and of the right content. Throws BundleError.
 */
export function openBundle(directory: string): Bundle {
  requireDirectory(directory);
  const path = (file: string): string => join(directory, file);
  const config = readConfig(
    parseJson(readConfigBytes(path(CONFIG_FILE)), path(CONFIG_FILE)),
    path(CONFIG_FILE),
  );
  const files = Object.entries(config.files);
  // Sizes first: a file cut short should not cost the hashing of those before it.
  for (const [file, entry] of files) checkSize(path(file), entry);
  for (const [file, entry] of files) checkContent(path(file), entry);
  return { directory, config, id: identify(config), path };
}

/** What is at `path` that putting a bundle in its place would lose; undefined where that is nothing. */
export function otherThanBundle(path: string): string | undefined {
  if (!statSync(path).isDirectory()) return 'not a directory';
  const names = readdirSync(path);
  if (names.length === 0) return undefined;
  let config: BundleConfig;
  try {
    const file = join(path, CONFIG_FILE);
    config = readConfig(parseJson(readConfigBytes(file), file), file);
  } catch {
    return 'not a bundle, or one of another version';
  }
  const other = names.find((name) => name !== CONFIG_FILE && !Object.hasOwn(config.files, name));
  return other === undefined ? undefined : `a bundle that also holds ${other}`;
}

/** What distinguishes one model from another: provenance and name may change, this may not. */
function identify({ model, filter, tokenizer, files }: BundleConfig): string {
  const hashes = Object.keys(files)
    .sort()
    .map((file) => [file, files[file].sha256]);
  return sha256OfText(JSON.stringify([model, filter, tokenizer, hashes]));
}

function requireDirectory(directory: string): void {
  const expected = 'a model bundle (a directory)';
  let stats: Stats;
  try {
    stats = statSync(directory);
  } catch (error) {
    throw new BundleError({ file: directory, expected, got: reason(error) });
  }
  if (!stats.isDirectory()) throw new BundleError({ file: directory, expected, got: 'a file' });
}

function readConfigBytes(file: string): Uint8Array {
  const { size } = regularFile(file);
  if (size > LONGEST_CONFIG) {
    throw new BundleError({ file, expected: `at most ${LONGEST_CONFIG} bytes`, got: `${size}` });
  }
  return onFile(file, () => readFileSync(file));
}

function checkSize(file: string, entry: FileEntry): void {
  const { size } = regularFile(file);
  if (size !== entry.bytes) {
    throw new BundleError({ file, expected: `${entry.bytes} bytes`, got: `${size}` });
  }
}

function checkContent(file: string, entry: FileEntry): void {
  const descriptor = onFile(file, () => openSync(file, 'r'));
  try {
    // The name could have been given to something else since it was checked.
    if (!fstatSync(descriptor).isFile()) {
      throw new BundleError({ file, expected: 'a regular file', got: 'something else' });
    }
    const got = onFile(file, () => sha256OfFile(descriptor));
    if (got !== entry.sha256) {
      throw new BundleError({ file, field: 'sha256', expected: entry.sha256, got });
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A symbolic link is refused wherever it leads: a bundle is complete in itself. A hard link is not: package
 * managers install files as such.
 */
function regularFile(file: string): Stats {
  const expected = 'a regular file';
  const stats = onFile(file, () => lstatSync(file), expected);
  if (!stats.isFile()) {
    const got = stats.isSymbolicLink() ? 'a symbolic link' : stats.isDirectory() ? 'a directory' : 'a device';
    throw new BundleError({ file, expected, got });
  }
  return stats;
}

/** Runs a file operation; its failure is the file's. */
function onFile<T>(file: string, operation: () => T, expected = 'a readable file'): T {
  try {
    return operation();
  } catch (error) {
    throw new BundleError({ file, expected, got: reason(error) }, { cause: error });
  }
}

function reason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'nothing there';
  return code ?? String(error);
}
