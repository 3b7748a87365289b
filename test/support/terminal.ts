/** A terminal for a process: `script` (of util-linux) makes one. */
import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { COMMAND, run } from './run.js';
import { describeWith, has } from './tools.js';

export const describeOnTerminal = describeWith('script', has('script', /util-linux/));

export interface Seen {
  readonly code: number;
  /** stdout and stderr, as they come on the screen. */
  readonly screen: string;
}

export interface TerminalOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed once the screen matches. Ctrl-C is `\u0003`. */
  readonly type?: readonly (readonly [when: RegExp, keys: string])[];
  /** Columns it has; 0, what `script` leaves there, if left out: programs then take 80. */
  readonly columns?: number;
  readonly cwd?: string;
}

export const CTRL_C = '\u0003';

/** Words as a shell takes them for what they are. */
export const quoted = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

/** Runs a line of bash there. */
export async function onTerminal(line: string, options: TerminalOptions = {}): Promise<Seen> {
  const { env, type = [], columns, cwd } = options;
  // Without anything to type, the terminal has nobody before it; with, it must not close behind what is typed.
  const keys = type.length === 0 ? undefined : new Readable({ read: () => undefined });
  const left = [...type];
  const decoder = new StringDecoder();
  let screen = '';
  const control = (child: ChildProcess): void => {
    child.stdout!.on('data', (text: Buffer) => {
      screen += decoder.write(text);
      if (left.length > 0 && left[0][0].test(screen)) keys!.push(left.shift()![1]);
    });
  };
  const sized = columns === undefined ? line : `stty cols ${columns} rows 24; ${line}`;
  const { code, stdout } = await run(['script', '-qec', `bash --norc -c ${quoted([sized])}`, '/dev/null'], {
    env: { TERM: 'xterm-256color', SHELL: '/bin/bash', ...env },
    ...(cwd !== undefined && { cwd }),
    ...(keys && { input: keys, control }),
  });
  // The terminal's driver turns line ends into two characters.
  return { code, screen: stdout.toString().replaceAll('\r\n', '\n') };
}

/** The command line of flashinf with these arguments, for a shell. */
export const line = (args: readonly string[]): string => quoted([...COMMAND, ...args]);
