import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithData } from '../support/data.js';
import { golden } from '../support/golden.js';
import { SafetensorsFile } from '../../src/checkpoint/index.js';
import { relL2 } from '../support/tiny-model.js';
import { flashinf } from '../support/run.js';

const scratch = mkdtempSync(join(tmpdir(), 'flashinf-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const TINY = 'test/golden/tiny';

/** A checkpoint of zeros that takes a while to import and, being a hole, no disk: 2^23 embeddings of 8. */
function large(): string {
  const file = join(scratch, 'large.safetensors');
  if (existsSync(file)) return file;
  const { tensors } = golden('huggingface');
  tensors.delete('lm_head.weight');
  let at = 0;
  const header = [...tensors].map(([name, { shape }]) => {
    const dims = name.endsWith('word_embeddings.weight') ? [1 << 23, 8] : shape;
    const bytes = 4 * dims.reduce((product, dim) => product * dim, 1);
    return [name, { dtype: 'F32', shape: dims, data_offsets: [at, (at += bytes)] }];
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(file, Buffer.concat([length, text]));
  truncateSync(file, 8 + text.length + at);
  return file;
}

describe('import', () => {
  test('of this project’s training: says what it read, to stderr only', async () => {
    const bundle = join(scratch, 'own');
    const { code, stdout, stderr } = await flashinf(['import', TINY, '-o', bundle]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(
      /2 layers of 32, 40 outputs, context 4096;.*\n.*2 x hyena of order 2, layer norm, gelu MLP of 48\n/,
    );
    expect(existsSync(join(bundle, 'weights.safetensors'))).toBe(true);
  });

  test('and back: export', async () => {
    const file = join(scratch, 'own.safetensors');
    const { code, stdout, stderr } = await flashinf(['export', join(scratch, 'own'), '-o', file]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/own\.safetensors: \d+ tensors, 0\.\d MB/);
    expect((await flashinf(['export', join(scratch, 'own'), '-o', file])).code).toBe(2);
    expect((await flashinf(['export', join(scratch, 'own'), '-o', join(scratch, 'no', 'x')])).code).toBe(4);
  });

  test('an output that is there is refused, unless --force', async () => {
    const bundle = join(scratch, 'twice');
    expect((await flashinf(['import', TINY, '-o', bundle])).code).toBe(0);
    const again = await flashinf(['import', TINY, '-o', bundle]);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/exists; --force replaces it/);
    expect((await flashinf(['import', TINY, '-o', bundle, '--force'])).code).toBe(0);
  });

  test('--force replaces bundles only', async () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, 'mine');
    const directory = join(scratch, 'a-checkpoint');
    cpSync(TINY, directory, { recursive: true });
    for (const [output, what] of [
      [file, 'not a directory'],
      [directory, 'not a bundle'],
    ]) {
      const { code, stdout, stderr } = await flashinf(['import', TINY, '-o', output, '--force']);
      expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toBe(`error: ${output} is ${what}: nothing is replaced\n`);
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(readdirSync(directory)).toEqual(readdirSync(TINY));
  });

  test.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s in the middle ends it, and takes back what it wrote', async (signal, code) => {
    const directory = mkdtempSync(join(scratch, 'interrupted-'));
    const output = join(directory, 'bundle');
    const watcher = watch(directory);
    const outcome = await flashinf(['import', large(), '-o', output], {
      control: (child) => watcher.once('change', () => child.kill(signal)),
    });
    watcher.close();
    expect(outcome).toMatchObject({ code, stderr: '' });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a broken checkpoint leaves nothing behind', async () => {
    const broken = join(scratch, 'broken.safetensors');
    writeFileSync(broken, '<!doctype html>');
    const { code, stderr } = await flashinf(['import', broken, '-o', join(scratch, 'none')]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: .*broken\.safetensors: expected .*, got a web page\n$/);
    expect(readdirSync(scratch).filter((name) => name.startsWith('none'))).toEqual([]);
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

  test('a prompt that is no DNA is refused, soft-masked DNA is not', async () => {
    const { code, stderr } = await flashinf(['generate', '-m', bundle, '-p', 'ACXT']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: base 3: expected A, C, G, T or N, got "X"\n',
    });
    const masked = await flashinf(['generate', '-m', bundle, '-n', '1', '-p', 'acgt']);
    expect(masked).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/taken as upper case/) as unknown,
    });
  });

  test.each([[[]], [['--stepwise']], [['--stepwise', '--mixer', 'lazy']]])(
    'logits and hidden states of ids, %j, are the reference’s',
    async (args) => {
      const expected = SafetensorsFile.open(join(directory, 'reference.safetensors'));
      const ids = [...expected.readFloat64('input_ids')];
      const [logits, hidden] = ['logits', 'hidden'].map((name) => join(scratch, `${name}.safetensors`));
      const outcome = await flashinf(
        ['eval', '-m', bundle, '--ids', '-', '--logits', logits, '--hidden', hidden, ...args],
        { input: ids.join('\n') },
      );
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      for (const [file, name, wanted] of [
        [logits, 'logits', 'tied_logits'],
        [hidden, 'hidden', 'last_hidden_state'],
      ]) {
        const got = SafetensorsFile.open(file);
        expect(got.tensors.get(name)!.shape).toEqual(expected.tensors.get(wanted)!.shape);
        expect(relL2(got.read(name), expected.read(wanted))).toBeLessThan(1e-5);
        got.close();
      }
      expected.close();
    },
  );

  test.each([
    [['--ids', '7,8,16'], /id 2 is 16, the model's vocabulary goes from 0 to 15/],
    [['--ids', '7,x'], /cannot read 7,x/],
    [['--ids', ''], /--ids is empty/],
    [['--ids', '7', 'file'], /either a file or --ids/],
    [[], /missing required argument: a file, or --ids/],
    [['--ids', '7,8', '--stepwise'], /goes with --logits/],
    [['--ids', Array(1027).fill(7).join(','), '--logits', 'x'], /exceed the model's context of 1026/],
  ])('eval refuses %j', async (args, message) => {
    const { code, stderr } = await flashinf(['eval', '-m', bundle, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('logits that cannot be written are an error of their own', async () => {
    const args = ['eval', '-m', bundle, '--ids', '7,8', '--logits', join(scratch, 'no', 'such')];
    expect((await flashinf(args)).code).toBe(4);
  });

  test('tokens of DNA', async () => {
    const { stdout } = await flashinf(['tokenize', '-m', bundle, '--json'], { input: 'GATTACA' });
    expect(JSON.parse(stdout.toString())).toMatchObject({ text: 'GATTACA', ids: [9, 7, 10, 10, 7, 8, 7] });
    const back = await flashinf(['tokenize', '-m', bundle, '--decode', '9,7,10,10,7,8,7']);
    expect(back.stdout.toString()).toBe('GATTACA');
  });

  test('bits per byte', async () => {
    const { code, stdout } = await flashinf(['eval', '-m', bundle, '--json', '-'], { input: 'ACGTACGTAC' });
    expect(code).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({ tokens: 9, bytes: 9 });
  });
});
