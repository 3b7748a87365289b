/** Where import and export write, and what they leave alone. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asTorch, golden } from '../support/golden.js';
import { flashinf, type Outcome } from '../support/run.js';
import { removeTemporary } from '../support/tiny-model.js';

const scratch = mkdtempSync(join(tmpdir(), 'flashinf-'));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  removeTemporary();
});

const TINY = 'test/golden/tiny';
const bundle = join(scratch, 'bundle');
beforeAll(async () => {
  await flashinf(['import', TINY, '-o', bundle]);
});

const fresh = (): string => mkdtempSync(join(scratch, 'x-'));
const importTo = (output: string, ...more: string[]): Promise<Outcome> =>
  flashinf(['import', TINY, '-o', output, ...more]);
const exportTo = (output: string, ...more: string[]): Promise<Outcome> =>
  flashinf(['export', bundle, '-o', output, ...more]);

describe('export', () => {
  test('replaces neither a pipe nor a directory', async () => {
    const pipe = join(fresh(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const output of [pipe, fresh()]) {
      const { code, stderr } = await exportTo(output, '--force');
      expect({ code, stderr }).toEqual({
        code: 4,
        stderr: `error: cannot write ${output}: not a regular file\n`,
      });
    }
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  test('replaces what a link leads to', async () => {
    const directory = fresh();
    const [link, file] = [join(directory, 'link'), join(directory, 'file')];
    writeFileSync(file, 'old');
    symlinkSync('file', link);
    expect((await exportTo(link, '--force')).code).toBe(0);
    expect(readlinkSync(link)).toBe('file');
    expect(lstatSync(file).size).toBeGreaterThan(1000);
    expect(readdirSync(directory).sort()).toEqual(['file', 'link']);
  });

  test('not a file of the bundle it reads', async () => {
    const before = readFileSync(join(bundle, 'weights.safetensors'));
    const { code, stderr } = await exportTo(join(bundle, 'weights.safetensors'), '--force');
    expect(code).toBe(2);
    expect(stderr).toMatch(/is part of the bundle/);
    expect(readFileSync(join(bundle, 'weights.safetensors')).equals(before)).toBe(true);
  });

  test.each([[exportTo], [importTo]])('an empty name is no output', async (write) => {
    const { code, stderr } = await write('');
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'error: --output is empty\n' });
  });
});

describe('import', () => {
  test('fills an empty directory, and leaves nothing else in it', async () => {
    const directory = fresh();
    expect((await importTo(directory)).code).toBe(0);
    expect(readdirSync(directory).sort()).toEqual(readdirSync(bundle).sort());
  });

  test('replaces what a link leads to', async () => {
    const directory = fresh();
    const [link, target] = [join(directory, 'link'), join(directory, 'target')];
    cpSync(bundle, target, { recursive: true });
    symlinkSync('target', link);
    expect((await importTo(link, '--force', '--name', 'other')).code).toBe(0);
    expect(readlinkSync(link)).toBe('target');
    const config = readFileSync(join(target, 'config.json'), 'utf8');
    expect(readdirSync(directory).sort()).toEqual(['link', 'target']);
    expect(JSON.parse(config)).toHaveProperty('name');
  });

  test('a place that cannot be written to', async () => {
    const file = join(fresh(), 'file');
    writeFileSync(file, '');
    const { code, stderr } = await importTo(join(file, 'bundle'));
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: cannot write .*\n$/);
  });

  test('reads the file it is given, not the one beside its config', async () => {
    const directory = fresh();
    cpSync(TINY, directory, { recursive: true });
    writeFileSync(join(directory, 'step-1000.safetensors'), 'nothing of weights');
    const { code, stderr } = await flashinf([
      'import',
      join(directory, 'step-1000.safetensors'),
      '-o',
      join(fresh(), 'o'),
    ]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/step-1000\.safetensors: /);
  });

  test('cleans up after one that was killed, and only after that', async () => {
    const directory = fresh();
    const output = join(directory, 'bundle');
    const large = join(directory, 'in');
    cpSync(TINY, large, { recursive: true });
    let seen: string | undefined;
    await flashinf(['import', large, '-o', output], {
      control: (child) => {
        const look = (): void => {
          seen = readdirSync(directory).find((name) => name.includes('.new-'));
          if (seen === undefined && child.exitCode === null) setImmediate(look);
          else child.kill('SIGKILL');
        };
        look();
      },
    });
    // Whatever was left by then, one of a process that never was is added: it is of this machine if the name is.
    const living = 'bundle.new-00000000-1-00000000';
    mkdirSync(join(directory, living));
    if (seen !== undefined)
      mkdirSync(join(directory, seen.replace(/-\d+-/, '-4194303-')), { recursive: true });
    rmSync(output, { recursive: true, force: true });
    expect((await importTo(output)).code).toBe(0);
    expect(readdirSync(directory).sort()).toEqual(['bundle', living, 'in']);
    expect(existsSync(join(output, 'config.json'))).toBe(true);
  });
});

test('what was found is told, and which option chooses', async () => {
  const { tensors } = golden('huggingface');
  const both = new Map([...tensors, ...[...tensors].map(([name, t]) => [`ema.${name}`, t] as const)]);
  const file = asTorch(both);
  const refused = await flashinf(['import', file, '-o', join(fresh(), 'o')]);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(/--stem, got hyena\.backbone\. and ema\.hyena\.backbone\.\n$/);
  const chosen = await flashinf(['import', file, '-o', join(fresh(), 'o'), '--stem', 'hyena.backbone.']);
  expect(chosen.code).toBe(0);
  expect(chosen.stderr).toMatch(/note {6}left out: ema\.… \(\d+ tensors\)/);
});

test('a model of codes, not text: ids in, ids out', async () => {
  const { tensors } = golden('safari');
  const renamed = (name: string): string => `model.${name.startsWith('lm_head') ? '' : 'hyena.'}${name}`;
  const file = asTorch(new Map([...tensors].map(([name, tensor]) => [renamed(name), tensor])));
  const output = join(fresh(), 'codes');
  const made = await flashinf(['import', file, '-o', output]);
  expect(made.code).toBe(0);
  expect(made.stderr).toMatch(/no tokenizer given: ids as text \(7 8 9\), assumed/);
  const text = await flashinf(['generate', '-m', output, '-n', '5', '-p', '7 8 9']);
  expect({ code: text.code, stderr: text.stderr }).toEqual({ code: 0, stderr: '' });
  expect(text.stdout.toString()).toMatch(/^(\d+ ){5}$/);
  const wrong = await flashinf(['generate', '-m', output, '-n', '5', '-p', '7 hello']);
  expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({
    code: 2,
    stderr: 'error: token 1: expected an id from 0 to 23, got "hello"\n',
  });
});

test.each([
  ['a checkpoint’s folder', (): string => join(asTorch(golden('huggingface').tensors), '..')],
  ['a checkpoint', (): string => asTorch(golden('huggingface').tensors)],
])('%s where a bundle is wanted', async (_, model) => {
  const { code, stderr } = await flashinf(['inspect', '-m', model()]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/a checkpoint: `flashinf import .* -o DIR` makes a bundle of a checkpoint\n$/);
});
