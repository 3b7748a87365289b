import { readFileSync } from 'node:fs';
import { BundleError } from '../../src/format/errors.js';
import { byteAlphabet } from '../../src/text/bpe.js';
import { WORD_PATTERNS } from '../../src/text/patterns.js';
import { checkTokenizer, decode, LONGEST_TOKENIZER } from '../../src/text/index.js';

const shipped = readFileSync('models/hyena-classics/tokenizer.json');

type Fields = Record<string, unknown>;

interface TokenizerJson extends Fields {
  added_tokens: unknown;
  normalizer: unknown;
  pre_tokenizer: unknown;
  model: Fields & { vocab: Record<string, unknown>; merges: unknown };
}

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };

/** A split by a pattern, and what follows it. */
const splitBy = (Regex: unknown, more: object = {}): object => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false, ...more },
    { ...BYTE_LEVEL, use_regex: false },
  ],
});

/** All bytes, "ab" and an end: ids in the order of the alphabet of bytes, 256, 257; changed. */
function small(change: (json: TokenizerJson) => void = () => {}): Uint8Array {
  const letters = Array.from(byteAlphabet(), ([letter, byte]) => [letter, byte]);
  const json: TokenizerJson = {
    added_tokens: [{ id: 257, content: '<|endoftext|>', special: true }],
    normalizer: null,
    pre_tokenizer: BYTE_LEVEL,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: { ...(Object.fromEntries(letters) as Record<string, number>), ab: 256 },
      merges: [['a', 'b']],
    },
  };
  change(json);
  return Buffer.from(JSON.stringify(json));
}

const idOf = (letter: string): number => letter.charCodeAt(0);

const check = (content: Uint8Array, vocabulary = 260): ReturnType<typeof checkTokenizer> =>
  checkTokenizer(content, 'tokenizer.json', vocabulary);

test('the shipped one is in order', () => {
  expect(check(shipped, 4096).size).toBe(4096);
});

test('a small one works', () => {
  const tokenizer = check(small());
  expect(tokenizer.encode('aba')).toEqual([256, idOf('a')]);
  expect(tokenizer.endOfText).toBe(257);
});

test('added tokens that are text are spelt as they are', () => {
  const spaces = { id: 258, content: '  \n', special: false };
  const tokenizer = check(small((j) => (j.added_tokens as unknown[]).push(spaces)));
  expect(decode(tokenizer, [idOf('a'), 258, idOf('b'), 257])).toBe('a  \nb');
  expect(tokenizer.encode('a  \nb')).toEqual([idOf('a'), 258, idOf('b')]);
});

test('merges may be texts of two words', () => {
  expect(check(small((j) => (j.model.merges = ['a b']))).encode('ab')).toEqual([256]);
});

test.each([...WORD_PATTERNS])('splits words by %s, of %s', (pattern) => {
  const tokenizer = check(small((j) => (j.pre_tokenizer = splitBy(pattern))));
  const text = "It's 12345\r\n\n  «ab»  don't\tWE'LL é";
  expect(decode(tokenizer, tokenizer.encode(text))).toBe(text);
  expect(tokenizer.encode('ab')).toEqual([256]);
});

test('what ByteLevel does by itself is what the pattern of GPT-2 does', () => {
  const text = "It's 12345\r\n\n  «ab»  don't\tWE'LL é";
  const merges = (j: TokenizerJson): void => {
    const pairs = [
      [' ', '1'],
      ['1', '2'],
      ['\n', '\n'],
      ["'", 's'],
      [' ', ' '],
    ];
    const letter = new Map(Array.from(byteAlphabet(), ([character, byte]) => [byte, character]));
    const spelt = pairs.map((pair) => pair.map((each) => letter.get(each.charCodeAt(0))!));
    j.added_tokens = [];
    spelt.forEach(([a, b], k) => (j.model.vocab[a + b] = 257 + k));
    j.model.merges = spelt;
  };
  const own = check(small(merges), 300);
  const gpt2 = check(
    small((j) => {
      merges(j);
      j.pre_tokenizer = splitBy([...WORD_PATTERNS.keys()][0]);
    }),
    300,
  );
  expect(gpt2.encode(text)).toEqual(own.encode(text));
});

test('texts come in form C where the file asks for it', () => {
  const tokenizer = check(small((j) => (j.normalizer = { type: 'NFC' })));
  expect(decode(tokenizer, tokenizer.encode('e\u0301'))).toBe('\u00e9');
});

test('150,000 pieces are no trouble', () => {
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];
  const content = small((j) => {
    j.added_tokens = [];
    const merges: string[][] = [];
    const add = (left: string, right: string): void => {
      if (Object.hasOwn(j.model.vocab, left + right)) return;
      j.model.vocab[left + right] = 257 + merges.length;
      merges.push([left, right]);
    };
    for (const a of letters) for (const b of letters) add(a, b);
    for (const a of letters) for (const b of letters) for (const c of letters.slice(0, 39)) add(a + b, c);
    delete j.model.vocab['ab'];
    j.model.vocab['ab'] = 256;
    merges.push(['a', 'b']);
    j.model.merges = merges;
  });
  const tokenizer = check(content, 200_000);
  expect(tokenizer.size).toBeGreaterThan(150_000);
  expect(tokenizer.encode('xyz')).toHaveLength(1);
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
  ['too many bytes', Buffer.alloc(LONGEST_TOKENIZER + 1, ' '), /at most 33554432 bytes/],
  ['another kind', small((j) => (j.model['type'] = 'Unigram')), /model\.type: expected "BPE"/],
  ['no vocabulary', small((j) => (j.model.vocab = {})), /model\.vocab: expected tokens, got none/],
  [
    'more tokens than logits',
    small((j) => (j.model.vocab['c'] = 260)),
    /c: expected an integer from 0 to 259, got 260/,
  ],
  ['ids twice', small((j) => (j.model.vocab['b'] = 0)), /an id of its own, got \d+ again/],
  ['a hole', small((j) => (j.model.vocab['ab'] = 258)), /none with 256/],
  ['a negative id', small((j) => (j.model.vocab['a'] = -1)), /got -1/],
  ['a fractional id', small((j) => (j.model.vocab['a'] = 0.5)), /got 0\.5/],
  ['an id in words', small((j) => (j.model.vocab['a'] = 'one')), /got "one"/],
  [
    'a byte that has no piece',
    small((j) => delete Object.assign(j.model.vocab, { zz: j.model.vocab['z'] })['z']),
    /a piece for every byte, got none for 0x7a \("z"\)/,
  ],
  [
    'an added token in place of another',
    small((j) => (j.added_tokens = [{ id: 1, content: 'x', special: true }])),
    /1 again/,
  ],
  [
    'a byte that is special',
    small((j) => (j.added_tokens = [{ id: idOf('a'), content: 'a', special: true }])),
    /more than the letter of a byte/,
  ],
  [
    'an added token that eats spaces',
    small((j) => (j.added_tokens = [{ id: 257, content: 'x y', lstrip: true }])),
    /added_tokens\.0\.lstrip: expected false/,
  ],
  [
    'added tokens that are whole words only',
    small((j) => (j.added_tokens as unknown[]).push({ id: 258, content: 'ab a', single_word: true })),
    /added_tokens\.1\.single_word: expected false, got true/,
  ],
  ['added tokens that are none', small((j) => (j.added_tokens = { id: 3 })), /a list/],
  ['merges that are none', small((j) => (j.model.merges = 'a b')), /merges: expected a list/],
  [
    'merges of unknown pieces',
    small((j) => (j.model.merges = [['a', 'bb']])),
    /merges\.0: expected two pieces of the vocabulary that make a third, got \["a","bb"\]/,
  ],
  ['merges into unknown pieces', small((j) => (j.model.merges = ['b a'])), /merges\.0: .*got "b a"/],
  ['merges of three', small((j) => (j.model.merges = ['a b c'])), /merges\.0/],
  ['pieces of another alphabet', small((j) => (j.model.vocab['▁a'] = 258)), /alphabet of bytes, got "▁a"/],
  ['a fallback for bytes', small((j) => (j.model['byte_fallback'] = true)), /byte_fallback: expected false/],
  ['prefixes', small((j) => (j.model['continuing_subword_prefix'] = '##')), /continuing_subword_prefix/],
  ['dropout', small((j) => (j.model['dropout'] = 0.1)), /dropout/],
  ['no words', small((j) => (j.pre_tokenizer = null)), /pre_tokenizer: expected ByteLevel/],
  [
    'one word',
    small((j) => (j.pre_tokenizer = { ...BYTE_LEVEL, use_regex: false })),
    /use_regex: expected true/,
  ],
  ['another way to words', small((j) => (j.pre_tokenizer = { type: 'Whitespace' })), /pre_tokenizer\.type/],
  [
    'a space before every text',
    small((j) => (j.pre_tokenizer = { ...BYTE_LEVEL, add_prefix_space: true })),
    /add_prefix_space: expected false/,
  ],
  ['an endless pattern', small((j) => (j.pre_tokenizer = splitBy('(a+)+$'))), /the pattern of GPT-2/],
  [
    'a pattern that takes for ever without a repeated group',
    small((j) => (j.pre_tokenizer = splitBy('a*a*a*a*a*a*a*a*b'))),
    /pattern: expected the pattern of GPT-2, .*, Llama 3, Qwen 2, got "a\*a/,
  ],
  ['a pattern that is none', small((j) => (j.pre_tokenizer = splitBy(7))), /a pattern, got 7/],
  [
    'words that are removed',
    small((j) => (j.pre_tokenizer = splitBy([...WORD_PATTERNS.keys()][0], { behavior: 'Removed' }))),
    /behavior: expected "Isolated"/,
  ],
  [
    'sixty splits',
    small((j) => (j.pre_tokenizer = { type: 'Sequence', pretokenizers: new Array(60).fill(BYTE_LEVEL) })),
    /pretokenizers: expected Split and ByteLevel, got 60 steps/,
  ],
  [
    'a text that doubles with each of sixty replacements',
    small((j) => {
      const doubling = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
      j.normalizer = { type: 'Sequence', normalizers: new Array(60).fill(doubling) };
    }),
    /normalizer\.type: expected "NFC", got "Sequence"/,
  ],
])('refuses %s', (_, content, message) => {
  expect(() => check(content)).toThrow(BundleError);
  expect(() => check(content)).toThrow(message);
});

test('what comes after the tokens is not looked at', () => {
  const tokenizer = check(
    small((j) => {
      j['post_processor'] = {
        type: 'TemplateProcessing',
        single: new Array(60).fill({ Sequence: { id: 'A' } }),
      };
      j['decoder'] = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' };
      j['truncation'] = { max_length: 1 };
    }),
  );
  expect(tokenizer.encode('aba')).toEqual([256, idOf('a')]);
});
