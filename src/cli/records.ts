/** Records from files, stdin and the command line, for the commands that take many. */
import { limitsOf } from './limits.js';
import type { Loaded } from '../generation/index.js';
import { type Letters, readRecords, RecordsError, type TextRecord, whereIs } from '../text/index.js';
import { UsageError } from './errors.js';
import { readChunks } from './input.js';
import type { Io } from './io.js';
import type { OptionValues, RECORDS } from './options/index.js';

/** The records of a file, `-` for stdin. Throws a UsageError where it cannot be read. */
export async function* recordsOf(
  path: string,
  { inputFormat }: OptionValues<typeof RECORDS>,
  loaded: Loaded,
  io: Io,
): AsyncGenerator<TextRecord, void, void> {
  const { context, longestToken } = limitsOf(loaded);
  const longest = context * longestToken;
  try {
    yield* readRecords(readChunks(path, io.signal), { format: inputFormat, longest });
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error;
    throw new UsageError(`cannot read ${path === '-' ? 'stdin' : path}: ${error.message}`);
  }
}

/** What a record is called in what is printed: its name, or its number. */
export const nameOf = ({ name, number }: TextRecord): string => name ?? String(number);

/** Says once, of all records, what was done to their letters; and of each that is wrong, why. */
export class RecordNotes {
  private readonly said = new Set<string>();
  failed = 0;

  constructor(private readonly io: Io) {}

  /** @param record whose they are; of a prompt, there is but one */
  letters(record: TextRecord | undefined, letters: Letters | undefined): void {
    if (letters === undefined) return;
    this.once(letters.masked > 0, record, 'lower case (soft-masked) bases are taken as upper case');
    this.once(letters.uracil > 0, record, 'U is taken as T');
    this.once(letters.ambiguous > 0, record, 'IUPAC codes for several bases are taken as N');
  }

  wrong(record: TextRecord, error: Error): void {
    this.failed++;
    this.io.note(`${whereIs(record)}: ${error.message}`);
  }

  private once(is: boolean, record: TextRecord | undefined, what: string): void {
    if (!is || this.said.has(what)) return;
    this.said.add(what);
    this.io.note(record === undefined ? what : `${what} (first in ${whereIs(record)})`);
  }
}
