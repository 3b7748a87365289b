import { readFileSync } from 'node:fs';
import {
  byteTokenizer,
  characterTokenizer,
  checkTokenizer,
  decode,
  encodeText,
  neverDrawn,
  TextError,
} from '../../src/text/index.js';
import { randomNumbers } from '../support/random.js';

const file = 'models/hyena-classics/tokenizer.json';
const shipped = checkTokenizer(readFileSync(file), file, 4096);

/** Strings that trip tokenizers: every script's own trouble, and bytes that are half a character. */
const TEXTS = [
  '',
  ' ',
  '\n\n\n',
  'Once upon a time,  there was\n\n"Hello," said the 3 cats.\t\r\n',
  "don't we'll I've he'd",
  'naïve café — “quoted” …',
  'e\u0301 a\u0308\u0323',
  '日本語の文章 и русский текст',
  '👩‍👩‍👧‍👦 🇪🇺 🐈',
  '\u0000\u0001\u007f\u00a0\u00ad\ufeff',
  '<|endoftext|>'.replace('|', '¦'),
  'a'.repeat(5000),
];

describe.each([
  ['bpe', shipped],
  ['bytes', byteTokenizer()],
])('the %s tokenizer', (_name, tokenizer) => {
  test.each(TEXTS)('gives back %j', (text) => {
    const ids = tokenizer.encode(text);
    expect(decode(tokenizer, ids)).toBe(text);
    for (const id of ids) expect(id >= 0 && id < tokenizer.size).toBe(true);
  });

  test('gives back random Unicode', () => {
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 50; round++) {
      const points = Array.from({ length: next(60) }, () => {
        const point = next(4) === 0 ? next(0x110000) : next(0x250);
        return point >= 0xd800 && point < 0xe000 ? 0x20 : point;
      });
      const text = String.fromCodePoint(...points);
      expect(decode(tokenizer, tokenizer.encode(text))).toBe(text);
    }
  });
});

describe('the shipped vocabulary', () => {
  const tokenizer = shipped;

  test('has a token for every byte', () => {
    const single = new Set<number>();
    for (let id = 0; id < tokenizer.size; id++) {
      const bytes = tokenizer.bytes(id);
      if (bytes.length === 1) single.add(bytes[0]);
    }
    expect(single.size).toBe(256);
  });

  test('ends texts with a token that stands for no bytes', () => {
    expect(tokenizer.endOfText).not.toBeNull();
    expect(tokenizer.bytes(tokenizer.endOfText!)).toHaveLength(0);
  });

  test('spends fewer tokens than bytes on English', () => {
    const text = 'It was the best of times, it was the worst of times.';
    expect(tokenizer.encode(text).length).toBeLessThan(text.length / 2.5);
  });
});

describe('the characters of DNA', () => {
  const tokenizer = characterTokenizer();

  test('have HyenaDNA’s ids', () => {
    expect(tokenizer.encode('ACGTN')).toEqual([7, 8, 9, 10, 11]);
    expect(decode(tokenizer, [7, 8, 9, 10, 11])).toBe('ACGTN');
    expect(tokenizer.size).toBe(12);
    expect(tokenizer.endOfText).toBe(1);
  });

  test('special tokens are no text', () => {
    expect(decode(tokenizer, [0, 1, 2, 3, 4, 5, 6, 15])).toBe('');
  });

  test.each([
    ['ACgT', /character 2: .*"g": case matters/],
    ['ACGT\n', /character 4: expected A, C, G, T, N, got "\\n" .tr -d/],
    ['é', /character 0/],
  ])('%j is refused by name', (text, message) => {
    expect(() => tokenizer.encode(text)).toThrow(TextError);
    expect(() => tokenizer.encode(text)).toThrow(message);
  });

  test('padding and special tokens are never drawn, the end is', () => {
    expect(neverDrawn(tokenizer, 16)).toEqual([0, 2, 3, 4, 5, 6, 12, 13, 14, 15]);
  });
});

test('of the shipped vocabulary every token can be drawn', () => {
  const tokenizer = shipped;
  expect(neverDrawn(tokenizer, tokenizer.size)).toEqual([]);
});

test('a long text in parts has the tokens of the whole, and can be stopped', async () => {
  const random = randomNumbers(5);
  const pick = (): string => TEXTS[Math.floor(random() * TEXTS.length)].slice(0, 40);
  const text = Array.from({ length: 8000 }, pick).join(' ');
  expect([...shipped.parts!(text)].length).toBeGreaterThan(2);
  expect(await encodeText(shipped, text)).toEqual(shipped.encode(text));
  const stop = new AbortController();
  const encoding = encodeText(shipped, text, stop.signal);
  stop.abort();
  await expect(encoding).rejects.toBe(stop.signal.reason);
});
