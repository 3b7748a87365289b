import { setImmediate } from 'node:timers/promises';

/** Text to token ids and back, as bytes: a token can be part of a character. */
export interface Tokenizer {
  /** Token ids, 0 .. size - 1. */
  readonly size: number;
  /** The token that ends a text; null where the vocabulary has none. */
  readonly endOfText: number | null;
  /** The token that starts a text; null where texts start with their first token. */
  readonly startOfText: number | null;
  /** What is encoded are sequences of letters of DNA, one token each: see `toLetters`. */
  readonly isDna?: true;
  /** Tokens are words and parts of words: unlike letters, the same one seldom comes again at once. */
  readonly isOfWords?: true;
  /** Throws a TextError where the vocabulary has no token for a part of the text. */
  encode(text: string): number[];
  /** A text in parts whose tokens, one part's after another's, are those of the text. Left out: it has none but itself. */
  parts?(text: string): Iterable<string>;
  /** The bytes a token stands for; none for special tokens, which are no part of any text. */
  bytes(id: number): Uint8Array;
}

/** A text that a vocabulary cannot spell. */
export class TextError extends Error {
  override readonly name = 'TextError';
}

/** The text of whole token sequences. Bytes that are no UTF-8 become U+FFFD. */
export function decode(tokenizer: Tokenizer, ids: Iterable<number>): string {
  const parts: Uint8Array[] = [];
  for (const id of ids) parts.push(tokenizer.bytes(id));
  return Buffer.concat(parts).toString('utf8');
}

/**
 * The tokens of a text of any length. The event loop gets a turn between its parts. Throws a TextError where the vocabulary
 * has no token for a part of the text, and the signal's reason once that is aborted.
 */
export async function encodeText(
  tokenizer: Tokenizer,
  text: string,
  signal?: AbortSignal,
): Promise<number[]> {
  const ids: number[] = [];
  for (const part of tokenizer.parts?.(text) ?? [text]) {
    for (const id of tokenizer.encode(part)) ids.push(id);
    await setImmediate();
    signal?.throwIfAborted();
  }
  return ids;
}

/**
 * The logits that no text can come from: padding beyond the tokenizer's ids, and special tokens. The token
 * that ends a text is among them only if texts are not to end.
 *
 * @param vocabulary logits the model has
 * @param allow characters: tokens with others in them are never drawn, either. Throws a RangeError if no token is left
 */
export function neverDrawn(
  tokenizer: Tokenizer,
  vocabulary: number,
  endless = false,
  allow?: string,
): number[] {
  const allowed = allow === undefined ? undefined : new Set(Buffer.from(allow));
  const ids: number[] = [];
  let left = 0;
  for (let id = 0; id < vocabulary; id++) {
    const bytes = id < tokenizer.size ? tokenizer.bytes(id) : NOTHING;
    const silent = bytes.length === 0;
    const other = allowed !== undefined && bytes.some((byte) => !allowed.has(byte));
    if (silent ? endless || id !== tokenizer.endOfText : other) ids.push(id);
    else if (!silent) left++;
  }
  if (left === 0) throw new RangeError('allow: no token consists of these characters');
  return ids;
}

const NOTHING = new Uint8Array(0);
