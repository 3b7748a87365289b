import { fstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { UsageError } from './errors.js';

export interface PromptOptions {
  readonly prompt?: string;
  readonly file?: string;
}

/**
 * The prompt: what is piped in, then `--file`, then `--prompt`, joined as they are. Nothing is trimmed.
 * Undefined if there is none, which on a terminal must not become a silent wait.
 */
export async function readPrompt(options: PromptOptions): Promise<string | undefined> {
  const parts: string[] = [];
  const wantsStdin = options.file === '-' || options.prompt === '-';
  if (wantsStdin || isPiped()) parts.push(decodeUtf8(await buffer(process.stdin), 'stdin'));
  if (options.file !== undefined && options.file !== '-') parts.push(await readText(options.file));
  if (options.prompt !== undefined && options.prompt !== '-') parts.push(options.prompt);
  return parts.length === 0 ? undefined : parts.join('');
}

/** A text file. Throws a UsageError if it cannot be read or is not UTF-8. */
export async function readText(path: string): Promise<string> {
  if (path === '-') return decodeUtf8(await buffer(process.stdin), 'stdin');
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${path}: ${error.code ?? error.message}`);
  });
  return decodeUtf8(bytes, path);
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${name} is not valid UTF-8 text`);
  }
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
