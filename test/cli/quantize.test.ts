/** Models of quantised weights, as a user makes and runs them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SafetensorsFile } from '../../src/container/safetensors.js';
import { byteModel } from '../support/models.js';
import { flashinf } from '../support/run.js';
import { relL2, removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

const folder = temporaryDirectory();
const float32 = await byteModel();
afterAll(removeTemporary);

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await flashinf(args, { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
  return stdout.toString();
}

test('what it costs is said, in bits per byte and by matrix', async () => {
  writeFileSync(join(folder, 'text.txt'), 'once upon a time there was a king. '.repeat(30));
  const out = await run('quantize', float32, '-o', 'said', '--text', 'text.txt', '--json');
  const report = JSON.parse(out) as {
    bits_per_byte: number;
    bits_per_byte_before: number;
    tensors: { name: string; block: number; error: number }[];
  };
  expect(Math.abs(report.bits_per_byte / report.bits_per_byte_before - 1)).toBeLessThan(0.01);
  expect(report.tensors.length).toBe(9);
  for (const { name, block, error } of report.tensors) {
    // Its rows are of 48.
    const stays = name.endsWith('fc2.weight');
    expect([name, block]).toEqual([name, stays ? undefined : 32]);
    expect(error).toBeLessThan(stays ? Number.MIN_VALUE : 0.01);
  }
});

test('inspect says what the weights are; export gives what they stand for, and says so', async () => {
  await run('quantize', float32, '-o', 'of-8', '--bits', '8');
  const said = await run('quantize', float32, '-o', 'of-4', '--bits', '4');
  expect(said).toMatch(/^\| embeddings .* 8 bits, blocks of 32 [^]*\| head .* 4 bits, blocks of 32 /m);
  expect(await run('inspect', '-m', 'of-4')).toMatch(/^weights +4 bits in blocks of 32: /m);
  expect(await run('inspect', '-m', float32)).toMatch(/^weights +float32$/m);
  const { stderr } = await flashinf(['export', 'of-8', '-o', 'of-8.safetensors'], { cwd: folder });
  expect(stderr).toMatch(/; matrices are what their 8 bits stand for, not the originals\n$/);
  await run('export', float32, '-o', 'float32.safetensors');
  const [exact, near] = ['float32', 'of-8'].map((name) =>
    SafetensorsFile.open(join(folder, `${name}.safetensors`)),
  );
  expect([...near.tensors.keys()]).toEqual([...exact.tensors.keys()]);
  for (const name of exact.tensors.keys()) {
    const off = relL2(near.read(name), exact.read(name));
    if (/in_proj|out_proj|fc1|embeddings/.test(name) && name.endsWith('weight')) {
      expect(off).toBeGreaterThan(0);
      expect(off).toBeLessThan(0.01);
    } else expect(near.read(name)).toEqual(exact.read(name));
  }
  for (const file of [exact, near]) file.close();
});

test('a checkpoint is imported with quantised weights, byte for byte those of a bundle that is quantised', async () => {
  await run('export', float32, '-o', 'model.safetensors');
  const common = ['import', 'model.safetensors', '--context', '64', '--tokenizer', 'bytes', '--shift', '0'];
  await run(...common, '-o', 'imported');
  await run(...common, '-o', 'imported-8', '--bits', '8');
  await run('quantize', 'imported', '-o', 'imported-then-8');
  const [directly, later] = ['imported-8', 'imported-then-8'].map((name) =>
    readFileSync(join(folder, name, 'weights.safetensors')),
  );
  expect(directly.equals(later)).toBe(true);
});
