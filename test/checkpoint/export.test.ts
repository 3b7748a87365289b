import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exportBundle, importCheckpoint, SafetensorsFile } from '../../src/checkpoint/index.js';
import { openBundle } from '../../src/bundle/index.js';
import { GOLDEN, removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { asSafetensors, golden, imported } from '../support/golden.js';

afterAll(removeTemporary);

const NAMES = readdirSync(join(GOLDEN, 'import')).map((file) => file.replace('.safetensors', ''));

test.each(NAMES)('%s comes back as it was, and imports to the same model', async (name) => {
  const { tensors } = golden(name);
  const options = name === 'safari-plain' ? { modulate: false, context: 48 } : {};
  const { bundle } = await imported(asSafetensors(tensors), options);
  const file = join(temporaryDirectory(), 'out.safetensors');
  expect(exportBundle(bundle, file, name === 'standalone' ? 'backbone.' : undefined).tensors).toBe(
    tensors.size,
  );

  const back = SafetensorsFile.open(file);
  for (const [tensor, { shape, data }] of tensors) {
    expect(back.tensors.get(tensor)?.shape).toEqual(shape);
    if (tensor.includes('pos_emb') && name !== 'trained' && name !== 'order4') {
      // Computed by both sides, each with its own rounding.
      back.read(tensor).forEach((value, i) => expect(Math.abs(value - data[i])).toBeLessThan(1e-6));
      continue;
    }
    expect(Buffer.from(back.read(tensor).buffer).equals(Buffer.from(data.slice().buffer))).toBe(true);
  }
  back.close();
  expect(openBundle((await imported(file, options)).bundle).id).toBe(openBundle(bundle).id);
});

test('a bundle of this project’s training, too', async () => {
  const bundle = join(temporaryDirectory(), 'bundle');
  await importCheckpoint(join(GOLDEN, 'tiny'), bundle);
  const file = join(temporaryDirectory(), 'out.safetensors');
  exportBundle(bundle, file);
  const [back, original] = [file, join(GOLDEN, 'tiny', 'model.safetensors')].map((f) =>
    SafetensorsFile.open(f),
  );
  expect([...back.tensors.keys()].sort()).toEqual([...original.tensors.keys()].sort());
  for (const name of original.tensors.keys()) expect(back.read(name)).toEqual(original.read(name));
  back.close();
  original.close();
});
