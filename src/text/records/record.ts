/** What a file of sequences or texts holds. */

/** A sequence or a text, or, in place of one, what keeps it from being one. */
export interface TextRecord {
  /** From 1. */
  readonly number: number;
  /** The line that it begins in, from 1. */
  readonly line: number;
  /** What the file calls it; undefined where it calls it nothing. */
  readonly name?: string | undefined;
  /** Its text as it is, or its tokens. */
  readonly content: string | readonly number[] | RecordError;
}

/** What is wrong with one record. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** What is wrong with a file as a whole: there is no going on. */
export class RecordsError extends Error {
  override readonly name = 'RecordsError';
}

/** `record 3 "chr1" (line 7)`: where people find it. */
export function whereIs({ number, line, name }: Omit<TextRecord, 'content'>): string {
  const called = name === undefined ? '' : ` ${JSON.stringify(name)}`;
  return `record ${number}${called} (line ${line})`;
}

/** Makes records of the pieces of a file's lines. */
export interface Parser {
  /** A piece of a line: its first one, its last one, or both. */
  piece(bytes: Uint8Array, first: boolean, last: boolean): Iterable<TextRecord>;
  /** The file is over. */
  end(): Iterable<TextRecord>;
}
