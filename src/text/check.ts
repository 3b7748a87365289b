/**
 * Tokenizers from files nobody vouches for. A `tokenizer.json` can describe programs: regular expressions that take
 * for ever, replacements that double a text sixty times. What byte-level BPE needs is data, so only that is read, and
 * everything that would have to be run is one of a few known things or refused by name.
 */
import { BundleError, describe, Fields, isArray, type Json, parseJson } from '../format/index.js';
import { bpeTokenizer, byteAlphabet, type AddedToken, type BpeData } from './bpe.js';
import { WORD_PATTERNS } from './patterns.js';
import type { Tokenizer } from './tokenizer.js';

/** In bytes. Twice the largest in use. */
export const LONGEST_TOKENIZER = 1 << 25;

/** The largest vocabulary in use has 256 thousand pieces. */
const MOST_PIECES = 300_000;
const MOST_MERGES = 2 * MOST_PIECES;
const MOST_ADDED = 10_000;

/**
 * The byte-level BPE of a `tokenizer.json`: ids from 0 without a hole, none twice, no more of them than the
 * model has logits, a piece for each byte, merges of pieces into pieces. Throws BundleError.
 */
export function checkTokenizer(content: Uint8Array, file: string, vocabulary: number): Tokenizer {
  if (content.length > LONGEST_TOKENIZER) {
    throw new BundleError({ file, expected: `at most ${LONGEST_TOKENIZER} bytes`, got: `${content.length}` });
  }
  const fields = Fields.of(parseJson(content, file), file);
  const model = fields.object('model');
  checkModel(model);
  const vocab = readVocabulary(model, Math.min(vocabulary, MOST_PIECES));
  const data: BpeData = {
    vocab,
    merges: readMerges(model, vocab),
    ignoreMerges: model.has('ignore_merges') && readFlag(model, 'ignore_merges'),
    added: readAdded(fields, vocab, Math.min(vocabulary, MOST_PIECES)),
    pattern: readPattern(fields),
    nfc: readNormalizer(fields),
  };
  try {
    return bpeTokenizer(data);
  } catch (error) {
    // Whatever the library makes of the rest of a strange file.
    const got = (error as Error).message;
    throw new BundleError({ file, expected: 'a tokenizer.json of byte-level BPE', got }, { cause: error });
  }
}

/** Other kinds of model, and variants of this one that spell texts otherwise. */
function checkModel(model: Fields): void {
  if (model.has('type')) model.oneOf('type', ['BPE']);
  for (const name of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix']) {
    const value = model.has(name) ? model.get(name) : null;
    if (value !== null && value !== '' && value !== 0) model.fail(name, 'null', describe(value));
  }
  if (model.has('byte_fallback') && model.get('byte_fallback') !== false) {
    model.fail('byte_fallback', 'false', describe(model.get('byte_fallback')));
  }
}

function readVocabulary(model: Fields, most: number): ReadonlyMap<string, number> {
  const tokens = model.object('vocab');
  const names = tokens.names();
  if (names.length === 0) model.fail('vocab', 'tokens', 'none');
  const alphabet = byteAlphabet();
  const vocab = new Map<string, number>();
  const taken = new Map<number, string>();
  for (const piece of names) {
    const id = tokens.integer(piece, { min: 0, max: most - 1 });
    if (taken.has(id)) tokens.fail(piece, 'an id of its own', `${id} again`);
    taken.set(id, piece);
    vocab.set(piece, id);
  }
  for (const letter of alphabet.keys()) {
    if (vocab.has(letter)) continue;
    const byte = `0x${alphabet.get(letter)!.toString(16).padStart(2, '0')}`;
    model.fail('vocab', 'a piece for every byte', `none for ${byte} (${JSON.stringify(letter)})`);
  }
  return vocab;
}

/** Pairs in a list or in a text with a space between; each gives a piece. */
function readMerges(model: Fields, vocab: ReadonlyMap<string, number>): readonly [string, string][] {
  const merges = model.get('merges');
  if (!isArray(merges)) model.fail('merges', 'a list', describe(merges));
  if (merges.length > MOST_MERGES) model.fail('merges', `at most ${MOST_MERGES}`, `${merges.length}`);
  return merges.map((merge, k) => {
    const parts = typeof merge === 'string' ? merge.split(' ') : merge;
    const [left, right] = isArray(parts) ? parts : [];
    const known =
      isArray(parts) && parts.length === 2 && typeof left === 'string' && typeof right === 'string';
    if (!known || ![left, right, left + right].every((piece) => vocab.has(piece))) {
      const got = typeof merge === 'string' || !isArray(merge) ? describe(merge) : JSON.stringify(merge);
      return model.fail(`merges.${k}`, 'two pieces of the vocabulary that make a third', got.slice(0, 80));
    }
    return [left, right];
  });
}

function readAdded(fields: Fields, vocab: ReadonlyMap<string, number>, most: number): readonly AddedToken[] {
  const list = fields.has('added_tokens') ? fields.get('added_tokens') : [];
  if (!isArray(list)) fields.fail('added_tokens', 'a list', describe(list));
  if (list.length > MOST_ADDED) fields.fail('added_tokens', `at most ${MOST_ADDED}`, `${list.length}`);
  const pieces = new Map(Array.from(vocab, ([piece, id]) => [id, piece]));
  const alphabet = byteAlphabet();
  const literal = new Set<number>();
  const added = list.map((token, i) => {
    const entry = Fields.of(token, fields.file, `added_tokens.${i}`);
    const id = entry.integer('id', { min: 0, max: most - 1 });
    const content = entry.string('content', /[^]/, 'a text');
    if ((pieces.get(id) ?? content) !== content) entry.fail('id', 'an id of its own', `${id} again`);
    if (alphabet.has(content))
      entry.fail('content', 'more than the letter of a byte', JSON.stringify(content));
    // They would take spaces away from a text, or leave the token as it is in some places.
    for (const name of ['lstrip', 'rstrip', 'single_word']) {
      if (entry.has(name) && readFlag(entry, name)) entry.fail(name, 'false', 'true');
    }
    pieces.set(id, content);
    literal.add(id);
    return { id, content, special: entry.has('special') && readFlag(entry, 'special') };
  });
  for (const [id, piece] of pieces) {
    const spelt = literal.has(id) || [...piece].every((character) => alphabet.has(character));
    if (!spelt) {
      fields.fail('model.vocab', 'pieces spelt in the alphabet of bytes', JSON.stringify(piece).slice(0, 80));
    }
  }
  for (let id = 0; id < pieces.size; id++) {
    if (!pieces.has(id)) fields.fail('model.vocab', `ids from 0 to ${pieces.size - 1}`, `none with ${id}`);
  }
  return added;
}

/** How texts are split into words. */
function readPattern(fields: Fields): string {
  const value = fields.has('pre_tokenizer') ? fields.get('pre_tokenizer') : null;
  if (value === null) fields.fail('pre_tokenizer', 'ByteLevel, or Split and ByteLevel', 'none');
  const outer: Fields = fields.object('pre_tokenizer');
  const type = outer.oneOf('type', ['ByteLevel', 'Sequence']);
  if (type === 'ByteLevel') return readByteLevel(outer, true);
  const steps = outer.get('pretokenizers');
  if (!isArray(steps) || steps.length === 0 || steps.length > 2) {
    outer.fail(
      'pretokenizers',
      'Split and ByteLevel',
      isArray(steps) ? `${steps.length} steps` : describe(steps),
    );
  }
  const [split, byteLevel] = steps.map((step, k) =>
    Fields.of(step, fields.file, `pre_tokenizer.pretokenizers.${k}`),
  );
  if (steps.length === 1) return readByteLevel(split, true);
  split.oneOf('type', ['Split']);
  split.oneOf('behavior', ['Isolated']);
  if (split.has('invert') && readFlag(split, 'invert')) split.fail('invert', 'false', 'true');
  const pattern = split.object('pattern').string('Regex', /[^]/, 'a pattern');
  if (!WORD_PATTERNS.has(pattern)) {
    split.fail(
      'pattern',
      `the pattern of ${[...WORD_PATTERNS.values()].join(', ')}`,
      JSON.stringify(pattern).slice(0, 80),
    );
  }
  readByteLevel(byteLevel, false);
  return pattern;
}

/** @param words whether it splits words itself, by GPT-2's pattern */
function readByteLevel(fields: Fields, words: boolean): string {
  fields.oneOf('type', ['ByteLevel']);
  if (fields.has('add_prefix_space') && readFlag(fields, 'add_prefix_space')) {
    fields.fail('add_prefix_space', 'false', 'true');
  }
  const own = !fields.has('use_regex') || readFlag(fields, 'use_regex');
  if (own !== words) fields.fail('use_regex', String(words), String(own));
  return [...WORD_PATTERNS.keys()][0];
}

/** Whether texts are brought to Unicode's form C first, the one normalization that loses nothing anyone sees. */
function readNormalizer(fields: Fields): boolean {
  const value = fields.has('normalizer') ? fields.get('normalizer') : null;
  if (value === null) return false;
  fields.object('normalizer').oneOf('type', ['NFC']);
  return true;
}

function readFlag(fields: Fields, name: string): boolean {
  const value: Json = fields.get(name);
  if (typeof value !== 'boolean') fields.fail(name, 'true or false', describe(value));
  return value;
}
