import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { Tokenizer } from './tokenizer.js';

/** The part of a Hugging Face `tokenizer.json` read here. */
interface TokenizerJson {
  readonly added_tokens?: readonly { id: number; content: string; special: boolean }[];
}

/**
 * Byte-level BPE from a `tokenizer.json`. Its vocabulary spells every byte as one printable character; that
 * alphabet is GPT-2's: bytes that print stand for themselves, the others follow from U+0100 on.
 *
 * @param json the parsed file
 */
export function bpeTokenizer(json: object): Tokenizer {
  const library = new HuggingFaceTokenizer(json, {});
  const vocabulary = library.get_vocab();
  const size = Math.max(...vocabulary.values()) + 1;
  const added = (json as TokenizerJson).added_tokens ?? [];
  const special = added.filter((token) => token.special);
  const specialIds = new Set(special.map((token) => token.id));

  const byteOf = byteAlphabet();
  const empty = new Uint8Array(0);
  const table = Array.from({ length: size }, () => empty);
  for (const [piece, id] of vocabulary) {
    if (!specialIds.has(id))
      table[id] = Uint8Array.from([...piece], (character) => byteOf.get(character) ?? 0x3f);
  }
  // Added tokens are spelt as they are, not in the alphabet of bytes.
  for (const { id, content, special } of added) if (!special) table[id] = Buffer.from(content);
  const end = special.find((token) => token.content === '<|endoftext|>') ?? special[0];
  return {
    size,
    endOfText: end?.id ?? null,
    startOfText: end?.id ?? null,
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    bytes: (id) => table[id],
  };
}

/** GPT-2's spelling of bytes: character to byte. */
export function byteAlphabet(): Map<string, number> {
  const prints = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  const alphabet = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    alphabet.set(String.fromCharCode(prints(byte) ? byte : next++), byte);
  }
  return alphabet;
}
