import { getSystemErrorMap } from 'node:util';
import { CommanderError } from 'commander';
import { BundleError, ReplaceError } from '../format/index.js';
import { StateWriteError } from '../generation/index.js';
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

/** What to type instead, in several lines. */
export class Hint extends UsageError {}

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

/** What runs out, as it is told by those who run out of it, and what the user can do. */
const SCARCE: readonly (readonly [RegExp, string])[] = [
  [/EAGAIN/, 'no more threads can be started: -t says how many to use, ulimit -u how many there may be'],
  [/EMFILE/, 'ulimit -n says how many files may be open'],
  [
    /could not allocate memory|no memory for convolution/i,
    'where address space is limited (ulimit -v), NODE_OPTIONS=--disable-wasm-trap-handler needs far less of it',
  ],
];

/** An error's message, and what the user can do about a limit of the system. */
export function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const scarce = SCARCE.find(([pattern]) => pattern.test(message));
  return scarce === undefined ? message : `${message} (${scarce[1]})`;
}

/**
 * Text that a terminal shows as it is: control characters, which may be part of a file's name, are spelt out. Line breaks
 * stay where there are to be several lines.
 */
export function printable(text: string, lines: 'one line' | 'lines'): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) =>
    character === '\n' && lines === 'lines'
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
