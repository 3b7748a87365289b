/**
 * Files that are there whole or not at all: written under a name of their own beside their place, synced, and renamed.
 *
 * The other name is random and must not exist, so that nothing else of the user's can be written to through it. It says
 * which process writes it, so that the next one that writes the same file can remove what a killed one has left behind.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** `.flashinf-`, what is written, where its process is, the process, and something random. Always shorter than a name may be. */
const TEMPORARY = /^\.flashinf-([0-9a-f]{16})-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{16}$/;

/**
 * Processes elsewhere, in another container say, cannot be asked whether they live: what they have not touched for so long (ms)
 * is left behind.
 */
const ABANDONED = 24 * 60 * 60 * 1000;

/** What is there is no file, or no directory, that another can take the place of. */
export class ReplaceError extends Error {
  override readonly name = 'ReplaceError';
}

/**
 * Replaces a file, or the one that a link leads to, by what `write` writes to a descriptor. If that fails, nothing is
 * left behind, and what was there is as it was.
 */
export function replaceFile(file: string, write: (descriptor: number) => void): void {
  const target = targetOf(file);
  removeLeftovers(target);
  const temporary = temporaryFor(target);
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    try {
      write(descriptor);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    remove(temporary);
    throw error;
  }
  syncDirectory(dirname(target));
}

/** Throws if `replaceFile` could not do it either, as far as can be known beforehand. Leaves nothing behind. */
export function tryReplacing(file: string): void {
  const temporary = temporaryFor(targetOf(file));
  closeSync(openSync(temporary, 'wx', 0o600));
  remove(temporary);
}

/** The file, or what a link leads to. Throws unless that is a regular file or nothing. */
function targetOf(file: string): string {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return file;
  const target = stats.isSymbolicLink() ? realpathSync(file) : file;
  if (!statSync(target).isFile()) throw new ReplaceError('not a regular file');
  return target;
}

function temporaryFor(target: string): string {
  const name = `.flashinf-${nameOf(target)}-${place()}-${process.pid}-${randomBytes(8).toString('hex')}`;
  return join(dirname(target), name);
}

function removeLeftovers(target: string): void {
  const directory = dirname(target);
  const [name, here] = [nameOf(target), place()];
  for (const entry of readdirSync(directory)) {
    const [, of, where, pid] = TEMPORARY.exec(entry) ?? [];
    if (of !== name) continue;
    const file = join(directory, entry);
    if (where === here ? !isAlive(Number(pid)) : isAbandoned(file)) remove(file);
  }
}

const digest = (text: string, digits: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, digits);

const nameOf = (target: string): string => digest(basename(target), 16);

/** Where process ids mean the same: a machine, and a namespace on it. */
export function place(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Only Linux has them.
  }
  return digest(`${hostname()} ${namespace}`, 8);
}

/** Whether there is a process of this id here. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function isAbandoned(file: string): boolean {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED;
}

/** If it can be: whoever removes something has more important things to say. */
function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    return;
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
