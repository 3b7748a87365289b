import { parseJson, toPlain } from '../../src/format/json.js';
import { BundleError } from '../../src/format/errors.js';

const parse = (text: string): unknown => toPlain(parseJson(Buffer.from(text), 'file.json'));

test.each([
  'null',
  ' [true, false, null] ',
  '{"a": {"b": [1, -2.5e3, 0, -0.5]}, "c": "x"}',
  '"\\u0041\\n\\"\\\\\\/ é \\ud83d\\ude00"',
  '[]',
  '{}',
  '9007199254740991',
  '1e22',
  '[1,[2,[3]]]',
])('reads what JSON.parse reads: %s', (text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

test.each([
  '',
  ' ',
  '{',
  '[1,]',
  '{"a":1,}',
  '{"a" 1}',
  "{'a':1}",
  '01',
  '1.',
  '.5',
  '+1',
  '0x10',
  'NaN',
  'Infinity',
  'nul',
  '"a',
  '"\\x"',
  '"\\u12g4"',
  '"a\tb"',
  '1 2',
  '{"a":1}}',
  '// comment\n1',
])('refuses what JSON.parse refuses: %j', (text) => {
  expect(() => {
    JSON.parse(text);
  }).toThrow();
  expect(() => parse(text)).toThrow(BundleError);
});

test.each([
  ['{"a":1,"a":2}', /each key once/],
  ['{"a":1,"\\u0061":2}', /each key once/],
  ['1e400', /1e400/],
  ['-1e400', /-1e400/],
  ['9007199254740992', /9007199254740992/],
  ['\ufeff1', /character 0/],
  ['['.repeat(100_000), /levels of nesting/],
  ['{"a":'.repeat(100_000), /levels of nesting/],
])('refuses what JSON.parse lets pass: %.40s', (text, message) => {
  expect(() => parse(text)).toThrow(message);
});

test.each(['{}', '[]'])('refuses more %s than memory is for', (value) => {
  expect(() => parse(`[${Array(3e6).fill(value).join()}]`)).toThrow(/values that take at most 256 MiB/);
});

test('gives prototypes no chance', () => {
  const value = parse('{"__proto__": {"polluted": true}, "constructor": 1}') as Record<string, unknown>;
  expect(Object.getPrototypeOf(value)).toBeNull();
  expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('names the file and the place', () => {
  expect(() => parse('{"a": !}')).toThrow('file.json: character 6: expected a value, got "!"');
});
