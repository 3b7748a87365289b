import { type LetterOptions, readRecords, RecordError, type TextRecord, toLetters } from '../text/index.js';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import { RecordNotes } from './records.js';

/**
 * A prompt as letters of DNA: of FASTA, the sequence of its only record; else all of it but white space. Throws a UsageError
 * where it is none.
 */
export async function dnaPrompt(prompt: string, { ambiguousAsN }: LetterOptions, io: Io): Promise<string> {
  const record = prompt.startsWith('>') ? await onlyRecord(prompt) : plain(prompt);
  if (record.content instanceof RecordError) throw new UsageError(`the prompt: ${record.content.message}`);
  const letters = toLetters(record.content as string, { ambiguousAsN });
  new RecordNotes(io).letters(undefined, letters);
  return letters.text;
}

const plain = (prompt: string): TextRecord => ({ number: 1, line: 1, content: prompt.replace(/\s+/g, '') });

async function onlyRecord(prompt: string): Promise<TextRecord> {
  const records: TextRecord[] = [];
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from(prompt));
  }
  for await (const record of readRecords(bytes(), { format: 'fasta', longest: prompt.length })) {
    if (records.push(record) > 1) break;
  }
  const [first, second] = records;
  if (second !== undefined) {
    throw new UsageError('the prompt has more than one sequence: --format fasta continues each of them');
  }
  return first;
}
