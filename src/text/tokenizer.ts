/** Text to token ids and back, as bytes: a token can be part of a character. */
export interface Tokenizer {
  /** Token ids, 0 .. size - 1. */
  readonly size: number;
  /** The token that ends a text, and so starts one; null where the vocabulary has none. */
  readonly endOfText: number | null;
  encode(text: string): number[];
  /** The bytes a token stands for; none for special tokens, which are no part of any text. */
  bytes(id: number): Uint8Array;
}

/** The text of whole token sequences. Bytes that are no UTF-8 become U+FFFD. */
export function decode(tokenizer: Tokenizer, ids: Iterable<number>): string {
  const parts: Uint8Array[] = [];
  for (const id of ids) parts.push(tokenizer.bytes(id));
  return Buffer.concat(parts).toString('utf8');
}
