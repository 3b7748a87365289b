import { fstatSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { UsageError } from './errors.js';
import type { Io } from './io.js';

export interface PromptSources {
  readonly prompt?: string;
  readonly file?: string;
  /** Whether stdin was asked for in so many words. */
  readonly stdin?: boolean;
}

/** No model's context holds a longer text; an endless one would fill the memory. */
const LONGEST_PROMPT = 1 << 28;

/**
 * The prompt: what is piped in, then `--file`, then `--prompt`, joined as they are. Nothing is trimmed.
 * Undefined if there is none, which on a terminal must not become a silent wait.
 */
export async function readPrompt(
  { prompt, file, stdin }: PromptSources,
  io: Io,
): Promise<string | undefined> {
  const parts: string[] = [];
  if (stdin || file === '-' || prompt === '-' || isPiped()) {
    const bytes = await io.during('reading the prompt from stdin', readStdin(io.signal, LONGEST_PROMPT));
    parts.push(decodeUtf8(bytes, 'stdin'));
  }
  if (file !== undefined && file !== '-') parts.push(await readText(file, io));
  if (prompt !== undefined && prompt !== '-') {
    checkArgument(prompt, 'the prompt');
    parts.push(prompt);
  }
  return parts.length === 0 ? undefined : parts.join('');
}

/** A text file. Throws a UsageError if it cannot be read or is not UTF-8. */
export async function readText(path: string, io: Io): Promise<string> {
  if (path === '-') return decodeUtf8(await readStdin(io.signal), 'stdin');
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${path}: ${error.code ?? error.message}`);
  });
  return decodeUtf8(bytes, path);
}

async function readStdin(signal: AbortSignal, most = Infinity): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of addAbortSignal(signal, process.stdin) as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > most)
        throw new UsageError(`stdin: a prompt of more than ${most >> 20} MiB fits no context`);
      parts.push(part);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read stdin: ${(error as Error).message}`);
  }
  return Buffer.concat(parts);
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${name} is not valid UTF-8 text`);
  }
}

/**
 * Node replaces what is not UTF-8 in arguments and the environment by U+FFFD. A text with that character is taken
 * only if it is there as the bytes say. Throws a UsageError.
 */
export function checkArgument(text: string, what: string): void {
  if (!text.includes('\ufffd')) return;
  for (const source of ['/proc/self/cmdline', '/proc/self/environ']) {
    try {
      if (readFileSync(source).includes(text)) return;
    } catch {
      continue; // no such place on this system: nothing is certain
    }
  }
  throw new UsageError(`${what} on the command line is not valid UTF-8 text`);
}

/** Whether stdin is a pipe, socket or file: something that was put there to be read. */
function isPiped(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false; // closed
  }
}
