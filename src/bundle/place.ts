/** How a bundle gets to its place: written beside it, moved there whole, and cleaned up after runs that were killed. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isAlive, place, ReplaceError } from '../format/index.js';
import { CONFIG_FILE } from './config.js';

/** What a directory on its way is called: after the machine and the process that makes it. */
const LEFTOVER = /\.(new|old)-(([0-9a-f]{8})-(\d+)-[0-9a-f]{8})$/;
/** What this process has on its way. */
const active = new Set<string>();

export interface Place {
  /** The directory to write to. */
  readonly fresh: string;
  /** Puts what was written in its place. */
  settle(): void;
  /** Takes back what was written. */
  discard(): void;
}

/**
 * Makes ready for a bundle at `directory`, through links. An empty directory, which may be a mount point, is
 * filled; a bundle is replaced. Throws what the system says.
 */
export function preparePlace(directory: string): Place {
  const target = existsSync(directory) ? realpathSync(directory) : resolve(directory);
  mkdirSync(dirname(target), { recursive: true });
  removeLeftovers(dirname(target), basename(target));
  if (existsSync(target)) removeLeftovers(target, '');
  const suffix = `${place()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const filled = existsSync(target) && readdirSync(target).length === 0;
  const fresh = filled ? join(target, `.new-${suffix}`) : `${target}.new-${suffix}`;
  mkdirSync(fresh);
  active.add(suffix);
  return {
    fresh,
    settle() {
      if (filled) fill(target, fresh);
      else replace(target, fresh, `${target}.old-${suffix}`);
      active.delete(suffix);
    },
    discard() {
      rmSync(fresh, { recursive: true, force: true });
      active.delete(suffix);
    },
  };
}

/** Whether a directory holds nothing but what killed runs left in it. */
export function isVacant(directory: string): boolean {
  return readdirSync(directory).every((name) => name.startsWith('.new-') && isLeftover(name));
}

/** Moves a bundle's files into an empty directory; it is a bundle only once the last, its config, is there. */
function fill(target: string, fresh: string): void {
  const files = readdirSync(fresh).filter((file) => file !== CONFIG_FILE);
  const moved: string[] = [];
  try {
    for (const file of [...files, CONFIG_FILE]) {
      renameSync(join(fresh, file), join(target, file));
      moved.push(file);
    }
    rmdirSync(fresh);
  } catch (error) {
    for (const file of moved) rmSync(join(target, file), { force: true });
    throw error;
  }
}

function replace(target: string, fresh: string, old: string): void {
  const there = existsSync(target);
  if (there) {
    try {
      renameSync(target, old);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      const message =
        'it is a mount point: it can be filled while it is empty, not replaced; a folder in it can';
      throw new ReplaceError(message, { cause: error });
    }
  }
  try {
    renameSync(fresh, target);
  } catch (error) {
    if (there) renameSync(old, target);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** Removes what processes of this machine that are no more have left beside, or in, a bundle's place. */
function removeLeftovers(directory: string, base: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(`${base}.`) || !isLeftover(name)) continue;
    const target = join(directory, base);
    // Killed between taking the old one away and putting the new one there: it is all there is.
    const only = name.startsWith(`${base}.old-`) && !existsSync(target);
    if (only) renameSync(join(directory, name), target);
    else rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function isLeftover(name: string): boolean {
  const [, , suffix, host, pid] = LEFTOVER.exec(name) ?? [];
  if (host !== place() || active.has(suffix)) return false;
  return Number(pid) === process.pid || !isAlive(Number(pid));
}
