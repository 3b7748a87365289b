import { TextError, type Tokenizer } from './tokenizer.js';

/** HyenaDNA's vocabulary: special tokens 0 to 6, then the letters. */
const LETTERS = 'ACGTN';
const FIRST_LETTER = 7;
/** [SEP], which ends a sequence. */
const END = 1;

/**
 * HyenaDNA's tokenizer: a token per letter of DNA, case-sensitive. Ids: [CLS] 0, [SEP] 1, [BOS] 2, [MASK] 3,
 * [PAD] 4, [RESERVED] 5, [UNK] 6, A 7, C 8, G 9, T 10, N 11.
 *
 * Anything else has no token; encoding it throws a TextError that names the character, as a model fed [UNK]
 * computes without complaint what nobody asked for (lower-case bases, line ends, FASTA headers).
 */
export function characterTokenizer(): Tokenizer {
  const nothing = new Uint8Array(0);
  const idOf = new Map([...LETTERS].map((letter, i) => [letter, FIRST_LETTER + i]));
  const table = Array.from({ length: FIRST_LETTER + LETTERS.length }, (_, id) =>
    id < FIRST_LETTER ? nothing : Uint8Array.of(LETTERS.charCodeAt(id - FIRST_LETTER)),
  );
  return {
    size: table.length,
    isDna: true,
    endOfText: END,
    // The model was trained on bases alone; nothing marks the beginning of a sequence.
    startOfText: null,
    encode(text) {
      return Array.from(text, (character, at) => {
        const id = idOf.get(character);
        if (id !== undefined) return id;
        const hint = hintOn(character, idOf.has(character.toUpperCase()));
        throw new TextError(
          `character ${at}: expected ${[...LETTERS].join(', ')}, got ${JSON.stringify(character)}${hint}`,
        );
      });
    },
    bytes: (id) => table[id] ?? nothing,
  };
}

/** What turns files as people have them into letters. */
function hintOn(character: string, isLowerCase: boolean): string {
  if (character === '>') return " (FASTA? grep -v '^>' | tr -d '\\n' leaves the bases)";
  if (character === '\n' || character === '\r') return " (tr -d '\\r\\n' joins lines)";
  return isLowerCase ? ': case matters (tr acgtn ACGTN takes soft-masked bases as bases)' : '';
}
