import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flashinf } from './run.js';

const scratch = mkdtempSync(join(tmpdir(), 'flashinf-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const PROMPT = ['generate', '-p', 'Once upon a time', '-s', '1'];

describe('generate', () => {
  let reference: string;
  beforeAll(async () => {
    const { code, stdout, stderr } = await flashinf([...PROMPT, '-n', '60']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    reference = stdout.toString();
  });

  test('writes text, and nothing else', () => {
    expect(reference.length).toBeGreaterThan(60);
    expect(reference).not.toContain('Once upon a time');
    expect(reference).not.toContain('<|');
    expect(reference.trim().split(/\s+/).length).toBeGreaterThan(20);
  });

  test.each([
    ['lazy', '1'],
    ['eager', '2'],
    ['tiled', '1'],
    ['tiled', '2'],
    ['tiled', '3'],
  ])('writes the same with the %s mixer on %s threads', async (mixer, threads) => {
    const args = [...PROMPT, '-n', '60', '--mixer', mixer, '--threads', threads];
    const { code, stdout, stderr } = await flashinf(args);
    expect({ code, stderr, text: stdout.toString() }).toEqual({ code: 0, stderr: '', text: reference });
  });

  test('a shorter text is the beginning of a longer one', async () => {
    for (const n of ['1', '2', '33']) {
      const { code, stdout } = await flashinf([...PROMPT, '-n', n]);
      expect(code).toBe(0);
      expect(stdout.length).toBeGreaterThan(0);
      expect(reference.startsWith(stdout.toString())).toBe(true);
    }
  });

  test('another seed writes another text', async () => {
    const { stdout } = await flashinf([...PROMPT, '-n', '60', '-s', '2']);
    expect(stdout.toString()).not.toBe(reference);
  });

  test('the prompt comes from -p, a file, or a pipe, and a pipe goes first', async () => {
    const file = join(scratch, 'prompt.txt');
    writeFileSync(file, 'Once upon a time');
    const same = [
      flashinf(['generate', '-f', file, '-n', '60', '-s', '1']),
      flashinf(['generate', '-n', '60', '-s', '1'], { input: 'Once upon a time' }),
      flashinf(['generate', '-f', '-', '-n', '60', '-s', '1'], { input: 'Once upon a time' }),
      flashinf(['generate', '-p', ' a time', '-n', '60', '-s', '1'], { input: 'Once upon' }),
    ];
    for (const { code, stdout, stderr } of await Promise.all(same)) {
      expect({ code, stderr, text: stdout.toString() }).toEqual({ code: 0, stderr: '', text: reference });
    }
  });

  test('options can come from the environment', async () => {
    const env = { FLASHINF_SEED: '1', FLASHINF_N_PREDICT: '60', FLASHINF_MIXER: 'lazy' };
    const { stdout } = await flashinf(['generate', '-p', 'Once upon a time'], { env });
    expect(stdout.toString()).toBe(reference);
  });

  test('--echo prints the prompt first', async () => {
    const { stdout } = await flashinf([...PROMPT, '-n', '60', '--echo']);
    expect(stdout.toString()).toBe(`Once upon a time${reference}`);
  });

  test('--stats says what was done, to stderr or a file', async () => {
    const file = join(scratch, 'stats.json');
    const toFile = await flashinf([...PROMPT, '-n', '60', `--stats=${file}`]);
    expect({ code: toFile.code, stderr: toFile.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      device: 'cpu',
      mixer: 'tiled',
      seed: 1,
      stop_type: 'limit',
      timings: { predicted_n: 60 },
    });
    const toStderr = await flashinf([...PROMPT, '-n', '60', '--stats']);
    expect(toStderr.stdout.toString()).toBe(reference);
    expect(toStderr.stderr).toMatch(/on cpu, tiled mixer.*seed 1/);
  });

  test('an empty prompt starts a text', async () => {
    const { code, stdout, stderr } = await flashinf(['generate', '-n', '20', '-s', '1'], { input: '' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.length).toBeGreaterThan(0);
  });

  test('characters of many bytes arrive whole', async () => {
    const { code, stdout } = await flashinf([
      'generate',
      '-p',
      '🐈 naïve 日本',
      '--temp',
      '5',
      '--top-k',
      '0',
      '--top-p',
      '1',
      '-n',
      '200',
      '-s',
      '4',
    ]);
    expect(code).toBe(0);
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(stdout)).not.toThrow();
  });
});

describe('ends as asked', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: exit %i, what was written stays written', async (signal, expected) => {
    const { code, stdout, stderr } = await flashinf([...PROMPT, '-n', '4000'], { kill: signal });
    expect({ code, stderr }).toEqual({ code: expected, stderr: '' });
    expect(stdout.length).toBeGreaterThan(0);
  });

  test('SIGINT while a long prompt is read stops it', async () => {
    const input = 'It was the best of times, it was the worst of times. '.repeat(8000);
    const { code, stdout, stderr } = await flashinf(['generate', '-n', '5'], { input, killAfter: 1500 });
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 130, stdout: '', stderr: '' });
  });

  test('a reader that went away is no error', async () => {
    const { code, stderr } = await flashinf([...PROMPT, '-n', '20000'], { closeEarly: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('refuses, in one line', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['no prompt', ['generate'], 2, /no prompt: give one with -p/],
    ['an unknown option', ['generate', '--tempp', '1'], 2, /unknown option '--tempp'/],
    ['an unknown command', ['generat'], 2, /unknown command 'generat'/],
    ['top-p above 1', [...PROMPT, '--top-p', '1.5'], 2, /above 0, at most 1/],
    ['a temperature that is no number', [...PROMPT, '--temp', 'NaN'], 2, /at least 0/],
    ['a temperature below 0', [...PROMPT, '--temp', '-1'], 2, /at least 0/],
    ['a fraction of a token', [...PROMPT, '-n', '1.5'], 2, /whole number/],
    ['no tokens', [...PROMPT, '-n', '0'], 2, /not 0/],
    ['a length below -1', [...PROMPT, '-n', '-2'], 2, /at least -1/],
    ['a seed out of range', [...PROMPT, '-s', '4294967296'], 2, /from 0 to 4294967295/],
    ['no threads', [...PROMPT, '--threads', '0'], 2, /from 1 to 256/],
    ['an unknown mixer', [...PROMPT, '--mixer', 'fast'], 2, /lazy, eager, tiled/],
    ['an unknown device', [...PROMPT, '--device', 'tpu'], 2, /auto, cpu, cuda/],
    ['a missing prompt file', ['generate', '-f', 'no/such/file'], 2, /no\/such\/file: ENOENT/],
    ['more than the context', [...PROMPT, '-n', '131072'], 2, /-n can be at most 13106\d.*context is 131072/],
    ['a missing bundle', [...PROMPT, '-m', 'no/such/dir'], 3, /no\/such\/dir/],
    ['a bundle that is a file', [...PROMPT, '-m', 'package.json'], 3, /package\.json/],
    ['CUDA where there is none', [...PROMPT, '--device', 'cuda'], 1, /CUDA.*npm rebuild onnxruntime-node/],
  ];
  test.each(cases)('%s', async (_name, args, expected, message) => {
    const { code, stdout, stderr } = await flashinf(args);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(message);
    const lines = stderr.trimEnd().split('\n').length;
    expect(lines).toBe(1);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('a prompt that is not UTF-8', async () => {
    const { code, stderr } = await flashinf(['generate'], { input: Uint8Array.of(0x61, 0xff, 0x62) });
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'error: stdin is not valid UTF-8 text\n' });
  });

  test('broken bundles', async () => {
    const broken = (name: string, damage: (dir: string) => void): string => {
      const dir = join(scratch, name);
      cpSync('models/hyena-classics', dir, { recursive: true });
      damage(dir);
      return dir;
    };
    const bundles = [
      broken('cut', (dir) => truncateSync(join(dir, 'weights.bin'), 1000)),
      broken('missing', (dir) => rmSync(join(dir, 'step.onnx'))),
      broken('swapped', (dir) => copyFileSync(join(dir, 'config.json'), join(dir, 'step.onnx'))),
      broken('config', (dir) => writeFileSync(join(dir, 'config.json'), '{"format"')),
    ];
    for (const bundle of bundles) {
      const { code, stdout, stderr } = await flashinf([...PROMPT, '-m', bundle]);
      expect({ code, stdout: stdout.toString() }).toEqual({ code: 3, stdout: '' });
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });
});
