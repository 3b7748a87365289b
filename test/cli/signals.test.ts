/** Ctrl-C, and what asks a process to end: heard at once, wherever it is, and told to the shell as it expects. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteModel } from '../support/models.js';
import { COMMAND, flashinf, run, SHIPPED } from '../support/run.js';
import { CTRL_C, describeOnTerminal, line, onTerminal, quoted } from '../support/terminal.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

const model = await byteModel();
const scratch = temporaryDirectory();
afterAll(removeTemporary);

const ENDLESS = ['generate', '-m', model, '-p', 'hi', '-n', '100000'];

test.concurrent.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: it dies of the signal itself', async (kill, code) => {
  expect(await flashinf(ENDLESS, { kill })).toMatchObject({ code, signal: kill, stderr: '' });
});

describeOnTerminal('Ctrl-C', () => {
  test('ends a loop, not one round of it', async () => {
    const loop = `for i in 1 2 3; do echo "round $i"; ${line(ENDLESS)}; echo "rc=$?"; done`;
    const { code, screen } = await onTerminal(loop, { type: [[/round 1\r\n[^]/, CTRL_C]] });
    expect(code).toBe(130);
    expect(screen).toContain('round 1');
    expect(screen).not.toMatch(/round 2|rc=/);
  });

  const text = join(scratch, 'text');
  writeFileSync(text, 'It was the best of times, it was the worst of times. '.repeat(8000));
  const cache = join(scratch, 'cache');

  test.each([
    ['tune', ['tune'], /tiles .*━/],
    ['bench', ['bench', '--no-end-to-end', '--len', '131072', '--mixers', 'lazy', '--full'], /bench .*━/],
    ['eval', ['eval', '-m', SHIPPED, text], /eval .*━/],
    ['a long prompt', ['generate', '-m', SHIPPED, '-f', text], /prompt .*━/],
  ])('stops %s at once, and leaves no bar', async (_what, args, bar) => {
    const env = { XDG_CACHE_HOME: cache };
    const { code, screen } = await onTerminal(line(args), { env, type: [[bar, CTRL_C]] });
    expect(code).toBe(130);
    expect(screen.slice(screen.lastIndexOf('\r\u001b[K'))).toBe('\r\u001b[K');
  });

  test('tune keeps nothing of what it had measured', () => {
    expect(existsSync(join(cache, 'flashinf', 'costs.json'))).toBe(false);
  });
});

describe('a named pipe that nobody writes to', () => {
  const pipe = join(scratch, 'pipe');
  beforeAll(() => void execFileSync('mkfifo', [pipe]));

  test.concurrent.each([
    ['a prompt', ['generate', '-m', model, '-f', pipe]],
    ['a batch', ['generate', '-m', model, '--batch', pipe]],
    ['a text to score', ['eval', '-m', model, pipe]],
  ])('as %s: a signal is heard while it is waited for', async (_what, args) => {
    expect(await flashinf(args, { killAfter: 2000 })).toMatchObject({
      code: 130,
      signal: 'SIGINT',
      stderr: '',
    });
  });

  test('as a state: refused', async () => {
    const { code, stderr } = await flashinf(['generate', '-m', model, '--load-state', pipe], {
      killAfter: 20_000,
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: .*pipe: .*regular file.*\n$/);
  });
});

test('a pipe by name is read like a file', async () => {
  const args = ['generate', '-m', model, '-n', '4', '-s', '1'];
  const bash = (rest: string): ReturnType<typeof run> =>
    run(['bash', '-c', `${quoted([...COMMAND, ...args])} ${rest}`]);
  const wanted = await flashinf([...args, '-p', 'once']);
  expect(await bash('-f <(printf once)')).toEqual(wanted);
  const batch = await bash(`--batch <(printf '{"prompt":"once"}')`);
  expect(JSON.parse(batch.stdout.toString())).toMatchObject({ timings: { prompt_n: 4 } });
});
