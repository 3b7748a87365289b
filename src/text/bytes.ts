import type { Tokenizer } from './tokenizer.js';

/** One token per byte of UTF-8. */
export function byteTokenizer(): Tokenizer {
  const table = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  return {
    size: 256,
    endOfText: null,
    startOfText: null,
    encode: (text) => [...Buffer.from(text, 'utf8')],
    bytes: (id) => table[id],
  };
}
