import { readFileSync } from 'node:fs';
import { BundleError } from '../../src/format/errors.js';
import { checkTokenizer, decode } from '../../src/text/index.js';

const shipped = readFileSync('models/hyena-classics/tokenizer.json');

interface TokenizerJson {
  added_tokens: unknown;
  normalizer: null;
  post_processor: null;
  decoder: object;
  pre_tokenizer: { pretokenizers: { pattern: { Regex: unknown } }[] } | null;
  model: { type: string; vocab: Record<string, unknown>; merges: unknown };
}

/** A byte-level vocabulary of four tokens, changed. */
function small(change: (json: TokenizerJson) => void = () => {}): Uint8Array {
  const json: TokenizerJson = {
    added_tokens: [{ id: 3, content: '<|endoftext|>', special: true }],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b']] },
  };
  change(json);
  return Buffer.from(JSON.stringify(json));
}

const check = (content: Uint8Array, vocabulary = 8): ReturnType<typeof checkTokenizer> =>
  checkTokenizer(content, 'tokenizer.json', vocabulary);

test('the shipped one is in order', () => {
  expect(check(shipped, 4096).size).toBe(4096);
});

test('a small one works', () => {
  const tokenizer = check(small());
  expect(tokenizer.encode('aba')).toEqual([2, 0]);
  expect(tokenizer.endOfText).toBe(3);
});

test('added tokens that are text are spelt as they are', () => {
  const spaces = { id: 4, content: '  \n', special: false };
  const tokenizer = check(small((j) => (j.added_tokens as unknown[]).push(spaces)));
  expect(decode(tokenizer, [0, 4, 1, 3])).toBe('a  \nb');
});

test.each<[string, Uint8Array, RegExp]>([
  ['nothing', Buffer.alloc(0), /expected a value/],
  ['bytes that are not UTF-8', Buffer.of(0xff, 0xfe), /UTF-8/],
  ['a byte order mark', Buffer.concat([Buffer.from('\ufeff'), small()]), /character 0/],
  ['a web page', Buffer.from('<html>'), /character 0/],
  ['a list', Buffer.from('[]'), /an object/],
  ['a key twice', Buffer.from('{"model":{},"model":{}}'), /each key once/],
  ['__proto__', Buffer.from('{"__proto__":{"model":1}}'), /model: expected a value/],
  ['deep nesting', Buffer.from('['.repeat(1000)), /levels of nesting/],
  ['another kind', small((j) => (j.model.type = 'Unigram')), /model\.type: expected "BPE"/],
  ['no vocabulary', small((j) => (j.model.vocab = {})), /ids from 0|tokens/],
  [
    'more tokens than logits',
    small((j) => (j.model.vocab['c'] = 8)),
    /c: expected an integer from 0 to 7, got 8/,
  ],
  ['ids twice', small((j) => (j.model.vocab['b'] = 0)), /an id of its own, got 0 again/],
  [
    'added tokens that are whole words only',
    small((j) => (j.added_tokens as unknown[]).push({ id: 4, content: 'ab a', single_word: true })),
    /added_tokens\.1\.single_word: expected false, got true/,
  ],
  ['a hole', small((j) => (j.model.vocab['ab'] = 5)), /none with 2/],
  ['a negative id', small((j) => (j.model.vocab['a'] = -1)), /got -1/],
  ['a fractional id', small((j) => (j.model.vocab['a'] = 0.5)), /got 0\.5/],
  ['an id in words', small((j) => (j.model.vocab['a'] = 'one')), /got "one"/],
  [
    'an added token in place of another',
    small((j) => (j.added_tokens = [{ id: 1, content: 'x', special: true }])),
    /1 again/,
  ],
  ['added tokens that are none', small((j) => (j.added_tokens = { id: 3 })), /a list/],
  ['merges that are none', small((j) => (j.model.merges = 'a b')), /merges: expected a list/],
  [
    'pieces of another alphabet',
    small((j) => (j.model.vocab = { '▁a': 0, b: 1, c: 2 })),
    /alphabet of bytes/,
  ],
  [
    'an endless pattern',
    small((j) => (j.pre_tokenizer = { pretokenizers: [{ pattern: { Regex: '(a+)+$' } }] })),
    /repeated groups/,
  ],
  [
    'a pattern that is none',
    small((j) => (j.pre_tokenizer = { pretokenizers: [{ pattern: { Regex: 7 } }] })),
    /a pattern/,
  ],
])('refuses %s', (_, content, message) => {
  expect(() => check(content)).toThrow(BundleError);
  expect(() => check(content)).toThrow(message);
});
