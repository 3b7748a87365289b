/** Tokenizers from files nobody vouches for. */
import { BundleError } from '../format/errors.js';
import { Fields } from '../format/fields.js';
import { isArray, isObject, parseJson, toPlain, type Json } from '../format/json.js';
import { bpeTokenizer, byteAlphabet } from './bpe.js';
import type { Tokenizer } from './tokenizer.js';

/** Twice the largest vocabulary in use. */
export const LONGEST_TOKENIZER = 1 << 26;

const LONGEST_PATTERN = 1000;

/**
 * A repeated group, which can take exponential time to find out that it does not match. The patterns that
 * byte-level tokenizers split words with repeat characters and classes only.
 */
const REPEATED_GROUP = /(^|[^\\])\)[*+{]/;

/**
 * The byte-level BPE of a `tokenizer.json`: ids from 0 without a hole, none twice, and no more of them than the
 * model has logits. Throws BundleError.
 */
export function checkTokenizer(content: Uint8Array, file: string, vocabulary: number): Tokenizer {
  const json = parseJson(content, file);
  const fields = Fields.of(json, file);
  const model = fields.object('model');
  if (model.has('type')) model.oneOf('type', ['BPE']);
  checkIds(fields, model, vocabulary);
  if (!isArray(model.get('merges'))) model.fail('merges', 'a list', 'something else');
  checkPatterns(json, file);
  try {
    return bpeTokenizer(toPlain(json) as object);
  } catch (error) {
    // Whatever the library makes of the rest of a strange file.
    const got = (error as Error).message;
    throw new BundleError({ file, expected: 'a tokenizer.json of byte-level BPE', got }, { cause: error });
  }
}

function checkIds(fields: Fields, model: Fields, vocabulary: number): void {
  const tokens = model.object('vocab');
  const range = { min: 0, max: vocabulary - 1 };
  const pieces = new Map<number, string>();
  for (const piece of tokens.names()) {
    const id = tokens.integer(piece, range);
    if (pieces.has(id)) tokens.fail(piece, 'an id of its own', `${id} again`);
    pieces.set(id, piece);
  }
  const added = fields.has('added_tokens') ? fields.get('added_tokens') : [];
  if (!isArray(added)) fields.fail('added_tokens', 'a list', 'something else');
  const literal = new Set<number>();
  for (const [i, token] of added.entries()) {
    const entry = Fields.of(token, fields.file, `added_tokens.${i}`);
    const id = entry.integer('id', range);
    // The library finds such a token within longer words, too, and would give other ids.
    if (entry.has('single_word')) entry.oneOf('single_word', [false]);
    const piece = entry.string('content', /[^]/, 'a text');
    if ((pieces.get(id) ?? piece) !== piece) entry.fail('id', 'an id of its own', `${id} again`);
    pieces.set(id, piece);
    literal.add(id);
  }
  const alphabet = byteAlphabet();
  for (const [id, piece] of pieces) {
    const spelt = literal.has(id) || [...piece].every((character) => alphabet.has(character));
    if (!spelt) tokens.fail(piece, 'a piece spelt in the alphabet of bytes', JSON.stringify(piece));
  }
  for (let id = 0; id < pieces.size; id++) {
    if (!pieces.has(id)) model.fail('vocab', `ids from 0 to ${pieces.size - 1}`, `none with ${id}`);
  }
  if (pieces.size === 0) model.fail('vocab', 'tokens', 'none');
}

/** Regular expressions are a program too. */
function checkPatterns(json: Json, file: string): void {
  if (isArray(json)) {
    for (const item of json) checkPatterns(item, file);
  } else if (isObject(json)) {
    for (const [key, value] of json) {
      if (key === 'vocab' || key === 'merges') continue;
      if (key === 'Regex') checkPattern(value, file);
      checkPatterns(value, file);
    }
  }
}

function checkPattern(pattern: Json, file: string): void {
  const fail = (expected: string, got: string): never => {
    throw new BundleError({ file, field: 'Regex', expected, got });
  };
  if (typeof pattern !== 'string') return fail('a pattern', 'something else');
  if (pattern.length > LONGEST_PATTERN) fail(`at most ${LONGEST_PATTERN} characters`, `${pattern.length}`);
  if (REPEATED_GROUP.test(pattern)) fail('a pattern without repeated groups', JSON.stringify(pattern));
}
