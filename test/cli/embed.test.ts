/** Hidden states of a real checkpoint, against those that another implementation computed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SafetensorsFile } from '../../src/container/safetensors.js';
import { describeWithData } from '../support/data.js';
import { relL2 } from '../support/mixing.js';
import { flashinf } from '../support/run.js';

describeWithData('hyenadna', (data) => {
  const folder = mkdtempSync(join(tmpdir(), 'flashinf-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  const reference = SafetensorsFile.open(join(data, 'reference.safetensors'));
  const hidden = reference.read('last_hidden_state');
  const width = 128;

  const embed = async (...options: string[]): Promise<void> => {
    const args = ['embed', '-m', at('dna'), at('ids.jsonl'), '-o', ...options];
    const { code, stdout, stderr } = await flashinf(args);
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({
      code: 0,
      stdout: 'ref\t256\n',
      stderr: '',
    });
  };

  test('whole, their mean, and what the classifier makes of that', async () => {
    const checkpoint = join(data, 'model.safetensors');
    const { code, stderr } = await flashinf(['import', checkpoint, '-o', at('dna')]);
    expect(code).toBe(0);
    expect(stderr).toContain('embed --head');
    const ids = Array.from(reference.read('input_ids'));
    writeFileSync(at('ids.jsonl'), JSON.stringify({ id: 'ref', ids }));

    await embed(at('all.safetensors'), '--pool', 'none');
    const all = SafetensorsFile.open(at('all.safetensors'));
    expect(all.tensors.get('ref')?.shape).toEqual([256, width]);
    expect(relL2(all.read('ref'), hidden)).toBeLessThan(1e-5);

    await embed(at('mean.safetensors'));
    const mean = SafetensorsFile.open(at('mean.safetensors')).read('embeddings');
    const wanted = new Float64Array(width);
    hidden.forEach((value, i) => (wanted[i % width] += value / 256));
    expect(relL2(mean, wanted)).toBeLessThan(1e-5);

    await embed(at('classes.safetensors'), '--head', checkpoint);
    const classes = SafetensorsFile.open(at('classes.safetensors')).read('embeddings');
    const weights = SafetensorsFile.open(checkpoint);
    const weight = weights.read('head.output_transform.weight');
    const bias = weights.read('head.output_transform.bias');
    const expected = bias.map((own, k) => wanted.reduce((sum, x, c) => sum + weight[k * width + c] * x, own));
    expect(relL2(classes, expected)).toBeLessThan(1e-5);
  });
});
