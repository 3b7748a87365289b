export { decode, encodeText, neverDrawn, TextError, type Tokenizer } from './tokenizer.js';
export { byteTokenizer } from './bytes.js';
export { characterTokenizer } from './characters.js';
export { idTokenizer } from './ids.js';
export { checkTokenizer, LONGEST_TOKENIZER } from './check.js';
export { Outlet, partOfCharacter, type OutletOptions } from './outlet.js';
export { StopMatcher } from './stops.js';
export { type LetterOptions, type Letters, reverseComplement, toLetters } from './nucleotides.js';
export {
  areIds,
  formatOf,
  type ReadOptions,
  readRecords,
  RECORD_FORMATS,
  RecordError,
  type RecordFormat,
  RecordsError,
  type TextRecord,
  whereIs,
} from './records/index.js';
