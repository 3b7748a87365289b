import { gzipSync } from 'node:zlib';
import { readRecords, type RecordFormat, RecordsError, type TextRecord } from '../../src/text/index.js';
import { randomNumbers } from '../support/random.js';

/** Records of bytes that come in pieces. */
async function recordsOf(
  bytes: string | Uint8Array,
  { format, longest = 1000, pieces = () => 1 << 16 }: Options = {},
): Promise<TextRecord[]> {
  const all = Buffer.from(bytes);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < all.length;) {
      const size = pieces();
      // One buffer for all of them, as some readers have it.
      const piece = Buffer.from(all.subarray(at, at + size));
      yield await Promise.resolve(piece);
      piece.fill(0x21);
      at += size;
    }
  }
  const records: TextRecord[] = [];
  for await (const record of readRecords(chunks(), { format, longest })) records.push(record);
  return records;
}

interface Options {
  readonly format?: RecordFormat;
  readonly longest?: number;
  readonly pieces?: () => number;
}

/** Name and content, errors by their message. */
const shown = ({ name, content }: TextRecord): unknown[] => [
  name,
  content instanceof Error ? content.message : content,
];

const FILES: readonly (readonly [what: string, file: string, records: readonly unknown[][]])[] = [
  [
    'FASTA',
    '>chr1 one two\nACGT\nAC\n\nGT\n>chr2\nN\n',
    [
      ['chr1', 'ACGTACGT'],
      ['chr2', 'N'],
    ],
  ],
  ['FASTA of Windows', '\ufeff>a\r\nAC\r\nGT\r\n', [['a', 'ACGT']]],
  ['FASTA with comments, spaces, no line end', ';old\n>a\nAC GT\tAC\n;x\nG', [['a', 'ACGTACG']]],
  [
    'FASTA without a sequence, and a name',
    '>a\n>\nAC\n',
    [
      ['a', 'it has no sequence'],
      [undefined, 'AC'],
    ],
  ],
  [
    'FASTQ',
    '@r1 x\nACGT\n+\nII@I\n@r2\nA\n+r2\n@\n',
    [
      ['r1', 'ACGT'],
      ['r2', 'A'],
    ],
  ],
  [
    'FASTQ that is none',
    '@a\nACG\n+\nII\nx\nA\n+\nI\n@c\nA\n-\nI\n@d\nA\n',
    [
      ['a', '3 bases, and 2 qualities'],
      [undefined, 'expected @ and a name, got "x"'],
      ['c', 'expected + in its third line, got "-"'],
      ['d', 'expected four lines, and the file ends'],
    ],
  ],
  [
    'JSON lines',
    '{"id":12345678901234567890,"prompt":"ACGT","n":5}\n\n{"name":"x","ids":[1,2]}\n{"seq":[3]}\r\n',
    [
      ['12345678901234567890', 'ACGT'],
      ['x', [1, 2]],
      [undefined, [3]],
    ],
  ],
  [
    'texts in lines',
    'ACGT\r\n\nAC \n',
    [
      [undefined, 'ACGT'],
      [undefined, 'AC '],
    ],
  ],
  ['nothing', '', []],
  ['blank lines', '\n \n', []],
];

test.each(FILES)('%s, plain and compressed, in pieces of any size', async (_what, file, expected) => {
  const random = randomNumbers(1);
  const small = (): number => 1 + Math.floor(random() * 4);
  expect((await recordsOf(file)).map(shown)).toEqual(expected);
  expect((await recordsOf(file, { pieces: () => 1 })).map(shown)).toEqual(expected);
  expect((await recordsOf(gzipSync(file), { pieces: small })).map(shown)).toEqual(expected);
  // bgzip, and cat of compressed files, make members one after another.
  const members = Buffer.concat([gzipSync(file.slice(0, 7)), gzipSync(file.slice(7))]);
  expect((await recordsOf(members)).map(shown)).toEqual(expected);
});

test('a file as one text, but for one line end', async () => {
  for (const [file, text] of [
    ['a\nb\n', 'a\nb'],
    ['a\n\n', 'a\n'],
    ['a\r\n', 'a'],
    ['a', 'a'],
  ]) {
    expect((await recordsOf(file, { format: 'text' })).map(shown)).toEqual([[undefined, text]]);
  }
});

test('records say where they are', async () => {
  const records = await recordsOf('>a\nA\nC\n>b\nG\n');
  expect(records.map(({ number, line }) => [number, line])).toEqual([
    [1, 1],
    [2, 4],
  ]);
});

test('what is longer than it may be is counted, and not held', async () => {
  const long = 'A'.repeat(3_000_000);
  for (const [file, message] of [
    [`>a\n${long}\n>b\nC\n`, 'its 3000000 bases are more than the 1000 that fit'],
    [`@a\n${long}\n+\nI\n`, '3000000 bytes are more than the 1002 that fit'],
    [`C\n${long}\n`, '3000000 bytes are more than the 1002 that fit'],
    [`{"prompt":"${long}"}\n{"prompt":"C"}\n`, /^30000\d\d bytes are more than the 71536 that fit/],
  ] as const) {
    const records = (await recordsOf(file)).map(shown);
    expect(records.flat()).toContainEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
    expect(JSON.stringify(records).length).toBeLessThan(1000);
  }
  // A header of any length has a name.
  const [[name]] = (await recordsOf(`>a ${long}\nC\n`)).map(shown);
  expect(name).toBe('a');
});

test.each<[string, string | Uint8Array, RegExp]>([
  ['gzip cut short', gzipSync('>a\nACGT\n').subarray(0, 20), /^it is not valid gzip: unexpected end of file/],
  ['Zstandard', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0), /zstd -dc/],
  ['bzip2', 'BZh91AY', /bzip2 -dc/],
  ['zip', 'PK\x03\x04', /zip archive/],
  ['BAM', gzipSync('BAM\x01\0\0'), /samtools fasta/],
  ['SAM', '@HD\tVN:1.6\n', /samtools fasta/],
  ['bytes', Uint8Array.of(65, 0, 67), /bytes of 0/],
])('%s is told by name', async (_what, file, message) => {
  const reading = recordsOf(file);
  await expect(reading).rejects.toThrow(RecordsError);
  await expect(reading).rejects.toThrow(message);
});

test.each([
  ['no JSON', '{'],
  ['no object', '{}\n[1]'],
  ['no text', '{"id":"a"}'],
  ['a text of something else', '{"prompt":true}'],
  ['ids that are none', '{"ids":[1.5]}'],
  ['an id that is a list', '{"id":[],"prompt":"A"}'],
  ['no UTF-8', Buffer.from('{"prompt":"\xff"}', 'latin1')],
])('a line of JSON with %s is an error of its own', async (_what, file) => {
  const records = await recordsOf(Buffer.concat([Buffer.from(file), Buffer.from('\n{"prompt":"A"}')]));
  const contents = records.map(({ content }) => content);
  expect(contents.slice(0, -1).every((content) => content instanceof Error)).toBe(true);
  expect(contents.at(-1)).toBe('A');
});
