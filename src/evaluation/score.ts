/** Log-likelihoods of many sequences. */
import type { Loaded } from '../generation/index.js';
import type { Progress, Sequences } from '../model/index.js';
import { RecordError, type TextRecord } from '../text/index.js';
import { eachSequence, type Sequence, type SequenceReading } from './sequences.js';

/** How likely a model holds a sequence, in natural logarithms. */
export interface Score {
  /** Its tokens, and those of them that were predicted: all but the first, where nothing stands before that. */
  readonly tokens: number;
  readonly predicted: number;
  /** Sum over what was predicted; of both strands, their mean. */
  readonly logLikelihood: number;
  /** By token. */
  readonly mean: number;
  /** By byte of what was predicted, in binary logarithms: bits per base of DNA. */
  readonly bits: number;
  /** Of each token predicted. */
  readonly logprobs: Float64Array;
  /** The same of the other strand, in its own direction. */
  readonly reverseLogprobs?: Float64Array | undefined;
}

/** What `scoreMany` takes. */
export interface ScoreManyOptions extends SequenceReading {
  readonly onProgress?: Progress | undefined;
}

/** A record, and its score or what was wrong with it. */
export interface ScoredRecord {
  readonly record: TextRecord;
  readonly sequence?: Sequence | undefined;
  readonly score: Score | RecordError;
}

/**
 * Scores one record after another. What records begin with like the one before is computed once, in blocks; each score is, to
 * the bit, the one that the record has alone. What is held is bounded by the longest record.
 */
export async function* scoreMany(
  loaded: Loaded,
  records: AsyncIterable<TextRecord> | Iterable<TextRecord>,
  options: ScoreManyOptions = {},
): AsyncGenerator<ScoredRecord, void, void> {
  const { model } = loaded;
  // Each strand has its own beginnings to share.
  const strands = {
    forward: model.sequences(),
    reverse: options.bothStrands ? model.sequences() : undefined,
  };
  const scored = eachSequence(loaded, records, options, (sequence) =>
    scoreOne(loaded, sequence, strands, options),
  );
  for await (const { result, ...rest } of scored) yield { ...rest, score: result };
}

async function scoreOne(
  { model, tokenizer }: Loaded,
  { ids, reverse }: Sequence,
  strands: { readonly forward: Sequences; readonly reverse: Sequences | undefined },
  options: ScoreManyOptions,
): Promise<Score> {
  const start = tokenizer.startOfText === null ? [] : [tokenizer.startOfText];
  const predicted = ids.length + start.length - 1;
  if (predicted === 0)
    throw new RecordError('a single token, and nothing before it: there is nothing to predict');
  if (predicted >= model.config.model.context + 1) {
    throw new RecordError(`its ${ids.length} tokens and the one that starts a text do not fit the context`);
  }
  const logprobs = await strands.forward.score([...start, ...ids], options);
  const reverseLogprobs = reverse && (await strands.reverse!.score([...start, ...reverse], options));
  const both = [logprobs, ...(reverseLogprobs ? [reverseLogprobs] : [])].map(sum);
  const logLikelihood = both.reduce((a, b) => a + b, 0) / both.length;
  if (!Number.isFinite(logLikelihood)) throw new RecordError('the model gives no finite number for it');
  let bytes = 0;
  for (const id of ids.slice(ids.length - predicted)) bytes += tokenizer.bytes(id).length;
  return {
    tokens: ids.length,
    predicted,
    logLikelihood,
    mean: logLikelihood / predicted,
    // Special tokens are no bytes: what consists of them has no bits per byte.
    bits: bytes === 0 ? NaN : -logLikelihood / Math.LN2 / bytes,
    logprobs,
    reverseLogprobs,
  };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
