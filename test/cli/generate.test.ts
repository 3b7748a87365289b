/** `generate` with the shipped model; the rest of the contract is in `cases.ts`, with a smaller one. */
import { copyFileSync, cpSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { byteModel, overflowingModel } from '../support/models.js';
import { flashinf } from '../support/run.js';

afterAll(removeTemporary);

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
});

test('words that were just used are less likely by default, letters are not', async () => {
  const textOf = async (...args: string[]): Promise<string> => {
    const { code, stdout } = await flashinf(['generate', '-p', 'Once upon', '-s', '1', '-n', '60', ...args]);
    expect(code).toBe(0);
    return stdout.toString('latin1');
  };
  const bytes = ['-m', await byteModel(), '--raw'];
  const [words, letters] = [await textOf(), await textOf(...bytes)];
  expect(await textOf('--repeat-penalty', '1.1')).toBe(words);
  expect(await textOf('--repeat-penalty', '1')).not.toBe(words);
  expect(await textOf(...bytes, '--repeat-penalty', '1')).toBe(letters);
  expect(await textOf(...bytes, '--repeat-penalty', '1.1')).not.toBe(letters);
});

test('SIGINT while a long prompt is read stops it', async () => {
  const input = 'It was the best of times, it was the worst of times. '.repeat(8000);
  const { code, stdout, stderr } = await flashinf(['generate', '-n', '5'], { input, killAfter: 4000 });
  expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 130, stdout: '', stderr: '' });
});

test.each<[string, (bundle: string) => void]>([
  ['cut short', (bundle) => truncateSync(join(bundle, 'weights.safetensors'), 1000)],
  ['without weights', (bundle) => rmSync(join(bundle, 'weights.safetensors'))],
  [
    'with weights that are none',
    (bundle) => copyFileSync(join(bundle, 'config.json'), join(bundle, 'weights.safetensors')),
  ],
  ['with half a config', (bundle) => writeFileSync(join(bundle, 'config.json'), '{"format"')],
])('a bundle %s is refused, in one line', async (_how, damage) => {
  const bundle = join(temporaryDirectory(), 'bundle');
  cpSync(await byteModel(), bundle, { recursive: true });
  damage(bundle);
  const { code, stdout, stderr } = await flashinf([...PROMPT, '-m', bundle]);
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(/^error: .*\n$/);
});

test.each(['0', '0.8'])('a model that overflows ends in one line, at temperature %s', async (temp) => {
  const bundle = await overflowingModel();
  const { code, stdout, stderr } = await flashinf([...PROMPT, '-m', bundle, '--temp', temp]);
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(/^error: logits: expected a finite number .*\n$/);
});
