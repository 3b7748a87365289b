import { callback, checkOptions, type Checks, signal as aSignal, whole } from '../generation/index.js';
import type { LanguageModel, Progress } from '../model/index.js';
import type { Tokenizer } from '../text/index.js';

/** How well a model predicts the tokens at positions `from` to `to`, inclusive. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
  readonly bytes: number;
  readonly bits_per_byte: number;
}

/** How well a model predicts a text. */
export interface Evaluation {
  readonly bits_per_byte: number;
  /** Tokens predicted, and the bytes they stand for; a token in several stretches counts in each. */
  readonly tokens: number;
  readonly bytes: number;
  readonly stretches: number;
  /** By position in the stretch, a power of two each. */
  readonly buckets: readonly Bucket[];
}

/** What `evaluate` takes. */
export interface EvaluateOptions {
  /** Tokens a stretch spans at most, the token that starts it included. Default: the model's context. */
  readonly length?: number | undefined;
  /**
   * Scores this many stretches, starting evenly spaced over the text and running on from its end to its
   * beginning, so that the same text is met early in one stretch and late in another: what is left between
   * two buckets is the position. Default: consecutive stretches, every token once.
   */
  readonly stretches?: number | undefined;
  readonly onProgress?: Progress | undefined;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: Checks<EvaluateOptions> = {
  length: whole(2),
  stretches: whole(1),
  onProgress: callback,
  signal: aSignal,
};

/**
 * Bits per byte of a text under a model, overall and by position. Throws a RangeError for ids the model does not have, and
 * where there are none, or a stretch would not fit the context.
 */
export async function evaluate(
  model: LanguageModel,
  tokenizer: Tokenizer,
  ids: readonly number[],
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkOptions('evaluate', options, OPTIONS);
  if (ids.length === 0) throw new RangeError('ids: expected tokens, got none');
  const { signal } = options;
  const start = tokenizer.startOfText === null ? [] : [tokenizer.startOfText];
  const length = options.length ?? model.config.model.context;
  // A text's own tokens per stretch: one place goes to the token that starts a text.
  const own = Math.min(length - start.length, ids.length);
  const starts = options.stretches
    ? Array.from({ length: options.stretches }, (_, k) => Math.floor((k * ids.length) / options.stretches!))
    : Array.from({ length: Math.ceil(ids.length / own) }, (_, k) => k * own);

  const sequences = model.sequences();
  const tally = new Tally();
  for (const [index, from] of starts.entries()) {
    const part = ids.slice(from, from + own);
    if (options.stretches) part.push(...ids.slice(0, own - part.length));
    const stretch = [...start, ...part];
    if (stretch.length < 2) continue;
    const scores = await sequences.score(stretch, {
      signal,
      onProgress: (done, total) => options.onProgress?.(index + done / total, starts.length),
    });
    scores.forEach((score, t) => tally.add(t + 1, score, tokenizer.bytes(stretch[t + 1]).length));
  }
  return { ...tally.sum(), stretches: starts.length, buckets: tally.buckets() };
}

/** Sums by power of two of the position. */
class Tally {
  private readonly rows: { bits: number; tokens: number; bytes: number }[] = [];

  /** @param score natural-log probability */
  add(position: number, score: number, bytes: number): void {
    const row = (this.rows[31 - Math.clz32(position)] ??= { bits: 0, tokens: 0, bytes: 0 });
    row.bits -= score / Math.LN2;
    row.tokens++;
    row.bytes += bytes;
  }

  sum(): { bits_per_byte: number; tokens: number; bytes: number } {
    const total = { bits: 0, tokens: 0, bytes: 0 };
    for (const { bits, tokens, bytes } of this.rows.filter(Boolean)) {
      total.bits += bits;
      total.tokens += tokens;
      total.bytes += bytes;
    }
    return { bits_per_byte: total.bits / total.bytes, tokens: total.tokens, bytes: total.bytes };
  }

  buckets(): Bucket[] {
    return this.rows.map(({ bits, tokens, bytes }, k) => ({
      from: 2 ** k,
      to: 2 ** (k + 1) - 1,
      tokens,
      bytes,
      bits_per_byte: bits / bytes,
    }));
  }
}
