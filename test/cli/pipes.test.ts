/** What becomes of the bytes: pipes that are slow, full, closed, or gone. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { byteModel, WORD, wordModel } from '../support/models.js';
import { COMMAND, flashinf, run } from '../support/run.js';

const [bytes, words] = await Promise.all([byteModel(), wordModel()]);
const scratch = temporaryDirectory();
afterAll(removeTemporary);

const MEBIBYTE = 2 ** 20;

test('3 MiB go through a pipe whole, also to a reader that comes late', async () => {
  // Every other token is a word, so these are more than enough.
  const args = ['generate', '-m', words, '-p', 'once', '-s', '1', '--ignore-eos'].concat(
    ['--temp', '1', '--top-k', '0', '--top-p', '1'],
    ['-n', String((8 * MEBIBYTE) / WORD)],
  );
  const file = join(scratch, 'whole');
  const [late, toFile] = await Promise.all([
    flashinf(args, {
      control: ({ stdout }) => {
        stdout!.pause();
        setTimeout(() => stdout!.resume(), 1000);
      },
    }),
    flashinf(args, { stdoutFile: file }),
  ]);
  expect({ code: late.code, stderr: late.stderr }).toEqual({ code: 0, stderr: '' });
  expect({ code: toFile.code, stderr: toFile.stderr }).toEqual({ code: 0, stderr: '' });
  expect(late.stdout.length).toBeGreaterThan(3 * MEBIBYTE);
  expect(late.stdout.equals(readFileSync(file))).toBe(true);
});

test('what the pipe did not take yet is not lost when the program is done', async () => {
  // A pipe takes 64 KiB, and node holds 16 KiB more before it asks to wait.
  const text = Buffer.alloc(75_000, 'flashinf ');
  const { code, stdout, stderr } = await flashinf(['tokenize', '-m', bytes, '--decode'], {
    input: [...text].join(),
    control: ({ stdout }) => {
      stdout!.pause();
      setTimeout(() => stdout!.resume(), 2000);
    },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.equals(text)).toBe(true);
});

const PROMPT = ['generate', '-m', bytes, '-p', 'once', '-n', '5', '-s', '1'];
const BATCH = join(scratch, 'batch.jsonl');
writeFileSync(BATCH, '{"prompt":"once"}\n'.repeat(3));

test.concurrent.each([
  ['text', PROMPT],
  ['raw text', [...PROMPT, '--raw']],
  ['JSON', [...PROMPT, '--json']],
  ['JSON lines', [...PROMPT, '--jsonl']],
  ['a batch', ['generate', '-m', bytes, '-n', '5', '--batch', BATCH]],
  ['tokens', ['tokenize', '-m', bytes, 'once']],
  ['facts', ['inspect', '-m', bytes]],
  ['a score', ['eval', '-m', bytes, BATCH]],
  ['help', ['generate', '--help']],
  ['completion', ['completion', 'bash']],
])('a full disk under %s: exit 4, and one line', async (_what, args) => {
  const { code, stderr } = await flashinf(args, { stdoutFile: '/dev/full' });
  expect({ code, stderr }).toEqual({
    code: 4,
    stderr: 'error: cannot write to stdout: no space left on device\n',
  });
});

test.concurrent.each([
  ['text', ['-p', 'once', '-n', '100000'], undefined],
  ['JSON lines', ['-p', 'once', '-n', '100000', '--jsonl'], undefined],
  ['a batch', ['--batch', '-', '-n', '2000'], '{"prompt":"once"}\n'.repeat(5000)],
])('the reader of %s goes away: that ends it, and is no error', async (_what, args, input) => {
  const options = { closeEarly: true, ...(input !== undefined && { input }) };
  const { code, stderr } = await flashinf(['generate', '-m', bytes, ...args], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

/** A shell, for what only a shell does to streams; `$@` is flashinf. */
const shell = (line: string, args: readonly string[]): ReturnType<typeof run> =>
  run(['sh', '-c', line, 'sh', ...COMMAND, ...args]);

test.concurrent.each([
  ['a prompt beside it', PROMPT, 0, /^$/],
  ['no prompt', ['generate', '-m', bytes], 2, /^error: no prompt: give one with -p or -f, or pipe one in\n$/],
  ['ids to come', ['tokenize', '-m', bytes, '--decode'], 2, /^error: nothing to tokenize: .*\n$/],
])('closed stdin, and %s', async (_what, args, expected, message) => {
  const { code, stdout, stderr } = await shell('exec "$@" <&-', args);
  expect(code).toBe(expected);
  expect(stderr).toMatch(message);
  expect(stdout.length > 0).toBe(expected === 0);
});

test('stderr that is closed, full or gone takes nothing from stdout', async () => {
  const { stdout: wanted } = await flashinf(PROMPT);
  const outcomes = [
    await shell('exec "$@" 2>&-', [...PROMPT, '--stats']),
    await shell('exec "$@" 2>/dev/full', [...PROMPT, '--stats']),
    await run([...COMMAND, ...PROMPT, '--stats'], { control: ({ stderr }) => stderr!.destroy() }),
  ];
  for (const { code, stdout } of outcomes) {
    expect({ code, text: stdout.toString('hex') }).toEqual({ code: 0, text: wanted.toString('hex') });
  }
});

test.concurrent('interrupted, --json still prints one valid object', async () => {
  const args = ['generate', '-m', bytes, '-p', 'once', '-n', '100000', '-s', '1', '--json'];
  const { code, stdout, stderr } = await flashinf(args, { killAfter: 4000 });
  expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  const { stop_type, tokens } = JSON.parse(stdout.toString()) as { stop_type: string; tokens: number[] };
  expect(stop_type).toBe('interrupted');
  expect(tokens.length).toBeLessThan(100000);
});

test('a disk that fills up under a state: exit 4, and the state of before is still there', async () => {
  const file = join(scratch, 'state');
  const saving = [...PROMPT, '-c', '4000', '--save-state', file];
  expect((await flashinf(saving)).code).toBe(0);
  const before = readFileSync(file);
  // Files of at most 4 KiB: writing more fails as on a full disk.
  const { code, stderr } = await shell('ulimit -f 8; exec "$@"', saving);
  expect(code).toBe(4);
  expect(stderr).toMatch(/^error: cannot write .*state: EFBIG: .*\n$/);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(scratch).filter((name) => name.startsWith('.'))).toEqual([]);
});
