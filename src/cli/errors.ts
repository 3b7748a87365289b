import { getSystemErrorMap } from 'node:util';
import { CommanderError } from 'commander';
import { ReplaceError } from '../format/replace-file.js';
import { StateWriteError } from '../generation/state-file.js';
import { BundleError } from '../model/index.js';
import { TextError } from '../text/index.js';

/** What the process exits with: an interface, as scripts branch on it. */
export const EXIT = {
  done: 0,
  failure: 1,
  usage: 2,
  invalidFile: 3,
  output: 4,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** The command was given something it cannot take. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The output could not be written. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof UsageError || error instanceof TextError) return EXIT.usage;
  if (error instanceof BundleError) return EXIT.invalidFile;
  if (error instanceof OutputError || error instanceof StateWriteError) return EXIT.output;
  return EXIT.failure;
}

/** Runs what reads files that have errors of their own, and writes this one: what the system refuses is about it. */
export async function onOutput<T>(output: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const ofSystem = (error as NodeJS.ErrnoException).errno !== undefined;
    if (!ofSystem && !(error instanceof ReplaceError)) throw error;
    throw new OutputError(`cannot write ${output}: ${reasonOf(error)}`, { cause: error });
  }
}

/** What went wrong with a file, in words: `no such file or directory`. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return (errno !== undefined && getSystemErrorMap().get(errno)?.[1]) || message;
}
