/** Hidden states of many sequences. */
import type { Loaded } from '../generation/index.js';
import type { Inside, Sequences } from '../model/index.js';
import { RecordError, type TextRecord } from '../text/index.js';
import { eachSequence, type Sequence, type SequenceReading } from './sequences.js';

/** What becomes of a sequence's hidden states: their mean, the last one, or all of them. */
export const POOLINGS = ['mean', 'last', 'none'] as const;
/** A name of one. */
export type Pooling = (typeof POOLINGS)[number];

/** What `embedMany` takes. */
export interface EmbedManyOptions extends Omit<SequenceReading, 'bothStrands'> {
  /**
   * Layers that the states have been through, 0 to all of them, or a value inside of one. Default: all, and normalised as the
   * head reads them.
   */
  readonly layer?: number | Inside | undefined;
  /** Default: mean. */
  readonly pooling?: Pooling | undefined;
}

/** A record, and its hidden states or what was wrong with it. */
export interface EmbeddedRecord {
  readonly record: TextRecord;
  readonly sequence?: Sequence | undefined;
  /** `[rows, width]`: a row, or one for each token. */
  readonly embedding: Float32Array | RecordError;
}

/** The hidden states of one record after another. What is held is bounded by the longest record. */
export async function* embedMany(
  loaded: Loaded,
  records: AsyncIterable<TextRecord> | Iterable<TextRecord>,
  options: EmbedManyOptions = {},
): AsyncGenerator<EmbeddedRecord, void, void> {
  const { model } = loaded;
  const { layer = model.config.model.layers.length, pooling = 'mean', signal } = options;
  const sequences = model.sequences();
  const embedded = eachSequence(loaded, records, options, async ({ ids }) => {
    const embedding = await pooled(sequences, ids, { layer, pooling, signal });
    if (!embedding.every(Number.isFinite)) throw new RecordError('the model gives no finite numbers for it');
    return embedding;
  });
  for await (const { result, ...rest } of embedded) yield { ...rest, embedding: result };
}

async function pooled(
  sequences: Sequences,
  ids: readonly number[],
  { layer, pooling, signal }: { layer: number | Inside; pooling: Pooling; signal: AbortSignal | undefined },
): Promise<Float32Array> {
  let sums = new Float64Array(0);
  const all: Float32Array[] = [];
  for await (const { rows, hidden } of sequences.hidden(ids, layer, { signal })) {
    const width = hidden.length / rows;
    if (pooling === 'none') all.push(hidden.slice());
    else if (pooling === 'last') all.splice(0, 1, hidden.slice((rows - 1) * width));
    else {
      if (sums.length === 0) sums = new Float64Array(width);
      for (let i = 0; i < hidden.length; i++) sums[i % width] += hidden[i];
    }
  }
  if (pooling === 'mean') return Float32Array.from(sums, (sum) => sum / ids.length);
  const values = new Float32Array(all.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of all) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}
