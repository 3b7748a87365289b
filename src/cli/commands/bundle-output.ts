/** Where commands write bundles. */
import type { CommandSpec } from '../options/index.js';
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { otherThanBundle } from '../../bundle/index.js';
import { UsageError } from '../errors.js';

/** Options of commands that write a bundle. */
export const BUNDLE_OUTPUT = {
  output: {
    type: 'text',
    short: 'o',
    value: 'dir',
    help: 'the bundle to write',
    required: true,
    completes: 'directory',
  },
  force: { type: 'flag', help: 'replace a bundle that is there' },
} as const satisfies CommandSpec['options'];

/**
 * An empty directory is filled; a bundle is replaced if that is asked for; nothing else is.
 *
 * @param source a bundle that is read, and so not replaced
 */
export function checkBundleOutput(output: string, force: boolean | undefined, source?: string): void {
  if (output === '') throw new UsageError('--output is empty');
  if (!existsSync(output)) return;
  if (source !== undefined && existsSync(source) && realpathSync(source) === realpathSync(output)) {
    throw new UsageError(`${output} is the bundle that is read: it stays as it is`);
  }
  const other = otherThanBundle(output);
  const vacant = statSync(output).isDirectory() && readdirSync(output).length === 0;
  if (!force && !vacant) throw new UsageError(`${output} exists; --force replaces it`);
  if (other !== undefined) throw new UsageError(`${output} is ${other}: nothing is replaced`);
}
