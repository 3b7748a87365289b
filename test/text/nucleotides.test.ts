import { reverseComplement, toLetters } from '../../src/text/index.js';

test('lower case, RNA and IUPAC codes, and how many there were', () => {
  expect(toLetters('ACGTN')).toEqual({ text: 'ACGTN', masked: 0, uracil: 0, ambiguous: 0 });
  expect(toLetters('acGUu')).toEqual({ text: 'ACGTT', masked: 3, uracil: 2, ambiguous: 0 });
  const all = 'RYSWKMBDHVryswkmbdhvN';
  expect(toLetters(all, { ambiguousAsN: true })).toMatchObject({ text: 'N'.repeat(21), ambiguous: 20 });
});

test.each([
  ['ACR', 'base 3: expected A, C, G, T or N, got "R" (--ambiguous-as-n takes IUPAC codes as N)'],
  ['AC-T', 'base 3: expected A, C, G, T or N, got "-" (gaps?'],
  ['ß', 'base 1: expected A, C, G, T or N, got "ß"'],
  ['A\u{1f9ec}', 'base 2: expected A, C, G, T or N, got "\u{1f9ec}"'],
  ['AC\nG', 'base 3: expected A, C, G, T or N, got "\\n" (tr -d'],
])('%j is refused, with its place and what to do', (sequence, message) => {
  expect(() => toLetters(sequence)).toThrow(message);
});

test('the other strand', () => {
  expect(reverseComplement('AACGTN')).toBe('NACGTT');
});
