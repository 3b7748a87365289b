/** Characters of up to four bytes, marks that combine, and bytes that are no text, on their way in and out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { byteModel } from '../support/models.js';
import { COMMAND, flashinf, run } from '../support/run.js';

const model = await byteModel();
const scratch = temporaryDirectory();
afterAll(removeTemporary);

/** Four bytes, three, a family of seven code points, marks before and after their letters, right to left. */
const TEXT = '𝔘🐈 日本 👩‍👩‍👧 e\u0301 é \u0301a \u202eעברית\u202c \u{10ffff}\ufeff\ufffd\r\n\t';
const LITTLE = ['-m', model, '-n', '1', '-s', '1'];

describe('in', () => {
  const file = join(scratch, 'text');
  beforeAll(() => writeFileSync(file, TEXT));

  test.concurrent.each<[string, string[], string | undefined]>([
    ['an argument', ['-p', TEXT], undefined],
    ['a file', ['-f', file], undefined],
    ['a pipe', [], TEXT],
  ])('by %s: as it is, not normalised, nothing trimmed', async (_by, args, input) => {
    const options = input === undefined ? {} : { input };
    const { code, stdout, stderr } = await flashinf(['generate', ...LITTLE, '--echo', ...args], options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.toString().startsWith(TEXT)).toBe(true);
  });

  test('by a batch, and by its ids', async () => {
    const input = JSON.stringify({ id: TEXT, prompt: TEXT });
    const batch = await flashinf(['generate', ...LITTLE, '--batch', '-'], { input });
    expect(JSON.parse(batch.stdout.toString())).toMatchObject({
      id: TEXT,
      timings: { prompt_n: Buffer.byteLength(TEXT) },
    });
    const ids = [...Buffer.from(TEXT)].join(',');
    const text = await flashinf(['tokenize', '-m', model, '--decode', ids]);
    expect(text.stdout.toString()).toBe(TEXT);
  });

  /** Through a shell: node would not hand on arguments that are no UTF-8. */
  const shell = (line: string): ReturnType<typeof run> =>
    run(['sh', '-c', line, 'sh', ...COMMAND, 'generate', ...LITTLE]);

  test.concurrent.each([
    [
      'an argument',
      `exec "$@" -p "$(printf 'a\\377b')"`,
      'the prompt on the command line is not valid UTF-8 text',
    ],
    [
      'the environment',
      `FLASHINF_PROMPT="$(printf '\\355\\240\\200')" exec "$@"`,
      'the prompt on the command line',
    ],
    [
      'a stop',
      `exec "$@" -p a --stop "$(printf '\\303')"`,
      'a stop on the command line is not valid UTF-8 text',
    ],
    [
      'a pipe that ends within a character',
      `printf '\\360\\237\\220' | "$@"`,
      'stdin is not valid UTF-8 text',
    ],
    ['an overlong zero', `printf '\\300\\200' | "$@"`, 'stdin is not valid UTF-8 text'],
  ])('broken, in %s: refused by name', async (_where, line, message) => {
    const { code, stdout, stderr } = await shell(line);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('broken, in a line of a batch: that line is refused', async () => {
    const input = Buffer.concat([
      Buffer.from('{"prompt":"a'),
      Uint8Array.of(0xc3),
      Buffer.from('"}\n{"prompt":"\\udc08"}\n{"prompt":"a"}\n'),
    ]);
    const { code, stdout } = await flashinf(['generate', ...LITTLE, '--batch', '-'], { input });
    expect(code).toBe(1);
    const lines = stdout.toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { error: 'line 1: expected JSON in UTF-8, got bytes that are not UTF-8' },
      { error: 'line 2: prompt: half of a surrogate pair is no text' },
      { stop_type: 'limit' },
    ]);
  });
});

describe('out, of a model that knows no UTF-8', () => {
  const RANDOM = [
    'generate',
    '-m',
    model,
    '-p',
    'a',
    '-s',
    '1',
    '--top-k',
    '0',
    '--top-p',
    '1',
    '-n',
    '3000',
  ];
  const run = async (...args: string[]): Promise<Buffer> => {
    const { code, stdout, stderr } = await flashinf([...RANDOM, ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  let raw: Buffer;
  let text: string;
  beforeAll(async () => {
    raw = await run('--raw');
    text = raw.toString('utf8');
  });

  test('--raw gives a byte per token', () => {
    expect(raw).toHaveLength(3000);
    // There are characters of several tokens among what is no text.
    expect(text).toMatch(/[\u0800-\u{10ffff}]/u);
    expect(text).toMatch(/\ufffd/);
  });

  test('as text, characters are whole, and the rest is U+FFFD, wherever tokens end', async () => {
    expect((await run()).toString('hex')).toBe(Buffer.from(text).toString('hex'));
  });

  test('so is JSON, in one piece and in lines', async () => {
    expect((JSON.parse((await run('--json')).toString()) as { text: string }).text).toBe(text);
    const lines = (await run('--jsonl')).toString().trimEnd().split('\n');
    const parts = lines.map((line) => JSON.parse(line) as { text: string });
    expect(parts.pop()!.text).toBe(text);
    expect(parts.map((part) => part.text).join('')).toBe(text);
  });

  test('a stop of several bytes ends the text before it', async () => {
    const [stop] = /[\u0080-\u07ff]/u.exec(text)!;
    expect((await run('--stop', stop)).toString()).toBe(text.slice(0, text.indexOf(stop)));
  });
});
