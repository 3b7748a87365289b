export { decode, type Tokenizer } from './tokenizer.js';
export { byteTokenizer } from './bytes.js';
export { bpeTokenizer } from './bpe.js';
