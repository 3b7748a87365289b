import { UsageError } from './errors.js';
import { readText } from './input.js';

const LIST = /^\s*\[?[\d\s,]*\]?\s*$/;

/**
 * Token ids as the command line takes them: a list such as `7,8,9`, or a file or stdin (`-`) that holds one.
 * Commas, white space and the brackets of a JSON list may stand between and around them.
 */
export async function readIds(argument: string, signal: AbortSignal): Promise<number[]> {
  return LIST.test(argument)
    ? parseIds(argument, 'the list of ids')
    : parseIds(await readText(argument, signal), argument);
}

/** Throws a UsageError that names `where` the ids are from. */
export function parseIds(text: string, where: string): number[] {
  const list = text.replace(/^\s*\[/, '').replace(/\]\s*$/, '');
  return list
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .map((item) => {
      const id = /^\d+$/.test(item) ? Number(item) : NaN;
      if (!Number.isSafeInteger(id))
        throw new UsageError(`${where}: expected token ids, got ${JSON.stringify(item.slice(0, 40))}`);
      return id;
    });
}
