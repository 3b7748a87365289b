import { fstatSync, readFileSync } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import { readText } from './input.js';

/** A piece of a prompt: given as it is, or read from a file, `-` for stdin. */
export type PromptPart = { readonly text: string } | { readonly file: string };

interface PromptCall {
  readonly options: {
    readonly prompt?: string;
    readonly file?: string;
    readonly keepNewline?: boolean;
  };
  readonly args: readonly string[];
  readonly order: readonly string[];
  readonly io: Io;
}

/**
 * The prompt: what `--prompt`, `--file` and the argument name, in the order in which they stand on the command line, joined
 * as they are. Without any, what is piped in: with one, stdin is somebody else's, such as the list of a loop. A line end
 * that a file or stdin ends with is dropped, one of them: `echo` and editors put it there.
 *
 * Undefined if there is none, which on a terminal must not become a silent wait.
 */
export async function readPrompt(call: PromptCall): Promise<string | undefined> {
  const { options, io } = call;
  const parts = partsOf(call);
  if (parts.length === 0 && isPiped()) parts.push({ file: '-' });
  if (parts.filter((part) => 'file' in part && part.file === '-').length > 1) {
    throw new UsageError('stdin can be a part of the prompt only once');
  }
  const texts: string[] = [];
  for (const part of parts) {
    if ('text' in part) {
      checkArgument(part.text, 'the prompt');
      texts.push(part.text);
    } else {
      const text = await readPart(part.file, io);
      texts.push(options.keepNewline ? text : text.replace(/\r?\n$/, ''));
    }
  }
  return texts.length === 0 ? undefined : texts.join('');
}

function readPart(file: string, io: Io): Promise<string> {
  const text = readText(file, io.signal);
  return file === '-' ? io.during('reading the prompt from stdin', text) : text;
}

/** Those of the environment come first. */
function partsOf({ options, args, order }: PromptCall): PromptPart[] {
  const { prompt, file } = options;
  const [argument] = args;
  const named: Record<string, PromptPart | undefined> = {
    file: file === undefined ? undefined : { file },
    prompt: prompt === undefined ? undefined : textOrStdin(prompt),
    argument: argument === undefined ? undefined : textOrStdin(argument),
  };
  const names = [
    ...Object.keys(named).filter((name) => name !== 'argument' && !order.includes(name)),
    ...order,
  ];
  return names.flatMap((name) => named[name] ?? []);
}

const textOrStdin = (text: string): PromptPart => (text === '-' ? { file: '-' } : { text });

/**
 * Node replaces what is not UTF-8 in arguments and the environment by U+FFFD. A text with that character is taken
 * only where the bytes, as the system has them, are all UTF-8. Throws a UsageError.
 */
export function checkArgument(text: string, what: string): void {
  if (!text.includes('\ufffd')) return;
  try {
    const variables = readFileSync('/proc/self/environ', 'latin1').split('\0');
    const own = variables.filter((variable) => variable.startsWith('FLASHINF_')).join('\0');
    if (isUtf8(readFileSync('/proc/self/cmdline')) && isUtf8(Buffer.from(own, 'latin1'))) return;
  } catch {
    // No such place on this system: nothing is certain.
  }
  throw new UsageError(`${what} on the command line is not valid UTF-8 text`);
}

/** Whether stdin is a pipe, socket or file: something that was put there to be read. */
export function isPiped(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false; // closed
  }
}
