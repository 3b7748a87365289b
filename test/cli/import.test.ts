import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithData } from '../checkpoint/data.js';
import { flashinf } from './run.js';

const scratch = mkdtempSync(join(tmpdir(), 'flashinf-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const TINY = 'test/golden/tiny';

describe('import', () => {
  test('of this project’s training: says what it read, to stderr only', async () => {
    const bundle = join(scratch, 'own');
    const { code, stdout, stderr } = await flashinf(['import', TINY, '-o', bundle]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/2 layers of 32 \(MLP 48\), order 2, 40 outputs, context 4096/);
    expect(existsSync(join(bundle, 'weights.bin'))).toBe(true);
  });

  test('an output that is there is refused, unless --force', async () => {
    const bundle = join(scratch, 'twice');
    expect((await flashinf(['import', TINY, '-o', bundle])).code).toBe(0);
    const again = await flashinf(['import', TINY, '-o', bundle]);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/exists; --force replaces it/);
    expect((await flashinf(['import', TINY, '-o', bundle, '--force'])).code).toBe(0);
    const file = join(scratch, 'a-file');
    writeFileSync(file, 'mine');
    expect((await flashinf(['import', TINY, '-o', file, '--force'])).code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('a broken checkpoint leaves nothing behind', async () => {
    const broken = join(scratch, 'broken.safetensors');
    writeFileSync(broken, '<!doctype html>');
    const { code, stderr } = await flashinf(['import', broken, '-o', join(scratch, 'none')]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: .*broken\.safetensors: expected .*, got a web page\n$/);
    expect(readdirSync(scratch).filter((name) => name.startsWith('none'))).toEqual([]);
  });

  test.each([
    [['import', '-o', 'x'], /missing required argument/],
    [['import', TINY], /required option/],
    [['import', TINY, '-o', 'x', '--shift', 'much'], /Expected a number/],
    [['import', TINY, '-o', 'x', '--family', 'mamba'], /Allowed choices/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await flashinf(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describeWithData('hyenadna', (directory) => {
  const bundle = join(scratch, 'dna');
  beforeAll(async () => {
    const args = ['import', join(directory, 'model.safetensors'), '-o', bundle, '--json'];
    const { code, stdout, stderr } = await flashinf(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout.toString())).toMatchObject({ parameters: 436352, dialect: 'Hugging Face' });
  });

  test.each(['1', '2', '3', '4', '5'])('generates bases only (seed %s)', async (seed) => {
    const args = ['generate', '-m', bundle, '-n', '64', '-s', seed, '--ignore-eos'];
    const { code, stdout, stderr } = await flashinf(args, { input: 'ACGTACGT' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.toString()).toMatch(/^[ACGTN]{1,64}$/);
  });

  test('a prompt that is no DNA is refused', async () => {
    const { code, stderr } = await flashinf(['generate', '-m', bundle, '-p', 'acgt']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/character 0: expected A, C, G, T, N, got "a": case matters/);
  });

  test('bits per byte', async () => {
    const { code, stdout } = await flashinf(['eval', '-m', bundle, '--json', '-'], { input: 'ACGTACGTAC' });
    expect(code).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({ tokens: 9, bytes: 9 });
  });
});
