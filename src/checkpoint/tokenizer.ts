/** The tokenizer of an imported model. */
import { TOKENIZER_FILE, type TokenizerReference } from '../bundle/index.js';
import { readSmallFile } from '../format/index.js';
import { checkTokenizer, LONGEST_TOKENIZER } from '../text/index.js';

export interface ChosenTokenizer {
  readonly tokenizer: TokenizerReference;
  readonly tokenizerFile?: Uint8Array;
}

/** Names of tokenizers that need no file. */
const BUILT_IN = ['characters', 'bytes', 'ids'] as const;
/** Rows of a vocabulary of bytes, padded to a multiple of eight or with a few special tokens. */
const BYTES = { least: 256, most: 272 };

/**
 * @param wanted a tokenizer.json, or the name of a built-in one
 * @param usual what models of this family take
 * @param beside the tokenizer.json beside the weights, if there is one
 */
export function chooseTokenizer(
  wanted: string | undefined,
  beside: string | undefined,
  usual: TokenizerReference['kind'] | undefined,
  vocabulary: number,
  notes: string[],
): ChosenTokenizer {
  const kind = BUILT_IN.find((name) => name === wanted);
  if (kind !== undefined) return { tokenizer: { kind } };
  const file = wanted ?? beside;
  if (file !== undefined) {
    const content = readSmallFile(file, 'a tokenizer.json', LONGEST_TOKENIZER);
    checkTokenizer(content, file, vocabulary);
    return { tokenizer: { kind: 'bpe', file: TOKENIZER_FILE }, tokenizerFile: content };
  }
  if (usual !== undefined) return { tokenizer: { kind: usual } };
  const bytes = vocabulary >= BYTES.least && vocabulary <= BYTES.most;
  notes.push(`no tokenizer given: ${bytes ? 'one token per byte' : 'ids as text (7 8 9)'}, assumed`);
  return { tokenizer: { kind: bytes ? 'bytes' : 'ids' } };
}
