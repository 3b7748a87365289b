import { BundleError } from '../model/errors.js';
import { bpeTokenizer } from './bpe.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * The tokenizer of a `tokenizer.json`, which must not have more tokens than the model has logits. Throws
 * BundleError.
 */
export function checkTokenizer(content: Uint8Array, file: string, vocabulary: number): Tokenizer {
  const problem = (expected: string, got: string): BundleError => new BundleError({ file, expected, got });
  let tokenizer: Tokenizer;
  try {
    tokenizer = bpeTokenizer(JSON.parse(Buffer.from(content).toString('utf8')) as object);
  } catch (error) {
    throw problem('a tokenizer.json of byte-level BPE', (error as Error).message);
  }
  if (tokenizer.size > vocabulary) throw problem(`at most ${vocabulary} tokens`, `${tokenizer.size}`);
  return tokenizer;
}
