/** Records of a file on their way into a model. */
import type { Loaded } from '../generation/index.js';
import {
  decode,
  encodeText,
  type LetterOptions,
  type Letters,
  RecordError,
  reverseComplement,
  TextError,
  type TextRecord,
  toLetters,
} from '../text/index.js';

/** What a record was made into. */
export interface Sequence {
  readonly ids: readonly number[];
  /** Of the other strand, where that was asked for. */
  readonly reverse?: readonly number[] | undefined;
  /** What had to be done to its letters; nothing to what came as ids, or is no DNA. */
  readonly letters?: Letters | undefined;
}

/** How records become sequences. */
export interface SequenceReading extends LetterOptions {
  /** The other strand, too: of DNA only. */
  readonly bothStrands?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The tokens of a record. Throws a RecordError where it has none, more than fit the context, or something that the
 * vocabulary has no token for.
 */
export async function sequenceOf(
  { model, tokenizer }: Loaded,
  { content }: TextRecord,
  { bothStrands = false, signal, ...options }: SequenceReading,
): Promise<Sequence> {
  if (content instanceof RecordError) throw content;
  try {
    const given = typeof content === 'string' ? content : undefined;
    const letters = given !== undefined && tokenizer.isDna ? toLetters(given, options) : undefined;
    const text = letters?.text ?? given;
    const ids =
      text === undefined ? (content as readonly number[]) : await encodeText(tokenizer, text, signal);
    checkIds(ids, model.config.model);
    const strand = bothStrands ? (text ?? decode(tokenizer, ids)) : undefined;
    const reverse = strand === undefined ? undefined : tokenizer.encode(reverseComplement(strand));
    if (reverse !== undefined && reverse.length !== ids.length) {
      throw new RecordError('it has tokens that are no bases: there is no other strand');
    }
    return { ids, reverse, letters };
  } catch (error) {
    if (error instanceof TextError) throw new RecordError(error.message);
    throw error;
  }
}

/** A record, and what became of it, or what was wrong with it. */
export interface Outcome<T> {
  readonly record: TextRecord;
  readonly sequence?: Sequence | undefined;
  readonly result: T | RecordError;
}

/** Does something with the sequence of one record after another. What is wrong with a record is that record's result. */
export async function* eachSequence<T>(
  loaded: Loaded,
  records: AsyncIterable<TextRecord> | Iterable<TextRecord>,
  reading: SequenceReading,
  compute: (sequence: Sequence) => Promise<T>,
): AsyncGenerator<Outcome<T>, void, void> {
  for await (const record of records) {
    reading.signal?.throwIfAborted();
    let outcome: Outcome<T>;
    try {
      const sequence = await sequenceOf(loaded, record, reading);
      outcome = { record, sequence, result: await compute(sequence) };
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      outcome = { record, result: error };
    }
    yield outcome;
  }
}

function checkIds(
  ids: readonly number[],
  { context, vocabulary }: { context: number; vocabulary: number },
): void {
  if (ids.length === 0) throw new RecordError('it is empty');
  if (ids.length > context) {
    throw new RecordError(`its ${ids.length} tokens are more than the model's context of ${context}`);
  }
  const odd = ids.findIndex((id) => id >= vocabulary);
  if (odd >= 0) {
    throw new RecordError(`token ${odd} is ${ids[odd]}, and the vocabulary goes from 0 to ${vocabulary - 1}`);
  }
}
