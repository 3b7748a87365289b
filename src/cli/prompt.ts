import { fstatSync, readFileSync } from 'node:fs';
import { UsageError } from './errors.js';
import { readChunks } from './input.js';
import type { Io } from './io.js';

export interface PromptSources {
  readonly prompt?: string;
  readonly file?: string;
  /** Whether stdin was asked for in so many words. */
  readonly stdin?: boolean;
}

/** Of a prompt or a text to score; an endless one would fill the memory. */
const LONGEST_TEXT = 1 << 25;

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
    parts.push(await io.during('reading the prompt from stdin', readText('-', io)));
  }
  if (file !== undefined && file !== '-') parts.push(await readText(file, io));
  if (prompt !== undefined && prompt !== '-') {
    checkArgument(prompt, 'the prompt');
    parts.push(prompt);
  }
  return parts.length === 0 ? undefined : parts.join('');
}

/** A text file, `-` for stdin. Throws a UsageError if it cannot be read or is not UTF-8. */
export async function readText(path: string, io: Io): Promise<string> {
  const name = path === '-' ? 'stdin' : path;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of readChunks(path, io.signal)) {
    length += part.length;
    if (length > LONGEST_TEXT) throw new UsageError(`${name} is longer than ${LONGEST_TEXT >> 20} MiB`);
    parts.push(part);
  }
  return decodeUtf8(Buffer.concat(parts), name);
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
