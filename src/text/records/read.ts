import { begun, joined, unpacked } from './compressed.js';
import { FastaParser } from './fasta.js';
import { JsonLinesParser } from './json-lines.js';
import { Lines, withoutMark } from './pieces.js';
import { type Parser, RecordsError, type TextRecord } from './record.js';
import { FastqParser, PlainParser } from './whole-lines.js';
import { WholeTextParser } from './whole-text.js';

/** What a file can be written in; `lines` holds a text in each, and `text` is one. */
export const RECORD_FORMATS = ['fasta', 'fastq', 'jsonl', 'lines', 'text'] as const;
/** A name of one. */
export type RecordFormat = (typeof RECORD_FORMATS)[number];

/** What `readRecords` takes. */
export interface ReadOptions {
  /** Default: what it looks like. */
  readonly format?: RecordFormat | undefined;
  /** Bytes of the longest record: more of one are counted, and not held. */
  readonly longest: number;
}

/** JSON spells some characters in six bytes. */
const JSON_BYTES = 6;
/** And has other fields, and ids in decimal. */
const JSON_MORE = 1 << 16;

const PARSERS: { readonly [F in RecordFormat]: (longest: number) => Parser } = {
  fasta: (longest) => new FastaParser(longest),
  fastq: (longest) => new FastqParser(longest + 2),
  jsonl: (longest) => new JsonLinesParser(longest * JSON_BYTES + JSON_MORE),
  lines: (longest) => new PlainParser(longest + 2),
  text: (longest) => new WholeTextParser(longest),
};

/**
 * The records of a file, one after another, as its bytes come: FASTA, FASTQ, JSON or texts in lines, plain or compressed by
 * gzip, told apart by how they begin. What is wrong with one record is its content; what is wrong with the file is thrown, as
 * a RecordsError. What is held does not grow with the file.
 */
export async function* readRecords(
  bytes: AsyncIterable<Uint8Array>,
  { format, longest }: ReadOptions,
): AsyncGenerator<TextRecord, void, void> {
  const { head, rest } = await begun(unpacked(bytes));
  const beginning = withoutMark(head);
  const lines = new Lines(PARSERS[format ?? formatOf(beginning)](longest));
  for await (const chunk of joined(beginning, rest)) yield* lines.push(chunk);
  yield* lines.end();
}

/** What a file is, by its first characters. Throws a RecordsError for what is known, and no text. */
export function formatOf(head: Uint8Array): RecordFormat {
  const text = Buffer.from(head).toString('latin1').trimStart();
  if (text.startsWith('BAM\x01')) throw new RecordsError('it is BAM: `samtools fasta` makes FASTA of it');
  if (/^@(HD|SQ|RG|PG|CO)\t/.test(text))
    throw new RecordsError('it is SAM: `samtools fasta` makes FASTA of it');
  if (text.includes('\0')) throw new RecordsError('it is no text: it has bytes of 0');
  if (text.startsWith('>') || text.startsWith(';')) return 'fasta';
  if (text.startsWith('@')) return 'fastq';
  return text.startsWith('{') ? 'jsonl' : 'lines';
}
