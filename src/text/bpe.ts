import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { Tokenizer } from './tokenizer.js';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** No part of any text. */
  readonly special: boolean;
}

/** Byte-level BPE, as data. */
export interface BpeData {
  /** Ids of pieces, spelt in the alphabet of bytes: see `byteAlphabet`. */
  readonly vocab: ReadonlyMap<string, number>;
  /** Pairs of pieces that are joined, the first ones first. */
  readonly merges: readonly (readonly [string, string])[];
  /** Whether a word that is a piece is taken as it is, without merging. */
  readonly ignoreMerges: boolean;
  /** Tokens of their own wherever they stand in a text; spelt as they are. */
  readonly added: readonly AddedToken[];
  /** What splits a text into words. */
  readonly pattern: string;
  /** Whether texts are brought to Unicode's form C first. */
  readonly nfc: boolean;
}

/**
 * A tokenizer of byte-level BPE. Its vocabulary spells every byte as one printable character; that
 * alphabet is GPT-2's: bytes that print stand for themselves, the others follow from U+0100 on.
 */
export function bpeTokenizer({ vocab, merges, ignoreMerges, added, pattern, nfc }: BpeData): Tokenizer {
  const library = new HuggingFaceTokenizer(
    {
      version: '1.0',
      added_tokens: added.map((token) => ({ ...token, ...PLAIN })),
      normalizer: nfc ? { type: 'NFC' } : null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      post_processor: null,
      decoder: null,
      model: {
        type: 'BPE',
        vocab: withoutPrototype(vocab),
        merges,
        ignore_merges: ignoreMerges,
        ...NO_VARIANT,
      },
    },
    {},
  );
  let size = 0;
  for (const id of [...vocab.values(), ...added.map((token) => token.id)]) size = Math.max(size, id + 1);
  const special = added.filter((token) => token.special);
  const specialIds = new Set(special.map((token) => token.id));

  const byteOf = byteAlphabet();
  const empty = new Uint8Array(0);
  const table = Array.from({ length: size }, () => empty);
  for (const [piece, id] of vocab) {
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
    isOfWords: true,
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    bytes: (id) => table[id],
    // A token that is spelt with a space could lie across a cut.
    ...(!added.some(({ content }) => /\s/.test(content)) && { parts }),
  };
}

/** Characters of a part, at least: some ms of work. */
const PART = 1 << 15;

/** Every known pattern begins a word at a space between two letters, whatever stands before it. */
const BETWEEN_WORDS = /(?<=\p{L})(?= \p{L})/gu;

function* parts(text: string): Generator<string, void, void> {
  let from = 0;
  while (text.length - from > PART) {
    BETWEEN_WORDS.lastIndex = from + PART;
    const cut = BETWEEN_WORDS.exec(text)?.index;
    if (cut === undefined) break;
    yield text.slice(from, cut);
    from = cut;
  }
  yield text.slice(from);
}

const PLAIN = { single_word: false, lstrip: false, rstrip: false, normalized: false } as const;
const NO_VARIANT = {
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
} as const;

/** No key has a meaning of its own. */
function withoutPrototype(map: ReadonlyMap<string, number>): object {
  const out = Object.create(null) as Record<string, number>;
  for (const [key, value] of map) out[key] = value;
  return out;
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
