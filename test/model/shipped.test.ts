/** The shipped model against PyTorch, where the data of `scripts/golden/reference.py --checkpoint` is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SafetensorsFile } from '../../src/container/safetensors.js';
import { openModel } from '../../src/model/index.js';
import { allTaps, GOLDEN, NaiveMixer, relL2, stepThrough } from '../support/tiny-model.js';

const MODEL = fileURLToPath(new URL('../../models/hyena-classics', import.meta.url));
const REFERENCE = join(GOLDEN, 'shipped.safetensors');

(existsSync(REFERENCE) ? test : test.skip)(
  'logits, stepwise and offline',
  async () => {
    const file = SafetensorsFile.open(REFERENCE);
    const ids = [...file.readFloat64('ids')];
    const rows = [...file.readFloat64('rows')];
    const expected = file.read('logits');
    file.close();

    const model = await openModel(MODEL);
    const { vocabulary, width } = model.config.model;
    const pick = (logits: Float32Array): number[] =>
      rows.flatMap((t) => [...logits.subarray(t * vocabulary, (t + 1) * vocabulary)]);

    const offline = new Float32Array(ids.length * vocabulary);
    for await (const { start, logits } of model.logits(ids)) offline.set(logits, start * vocabulary);
    expect(relL2(pick(offline), expected)).toBeLessThan(1e-5);

    const mixer = new NaiveMixer(width, await allTaps(model, ids.length));
    expect(relL2(pick(await stepThrough(model, ids, mixer)), expected)).toBeLessThan(1e-5);
    await model.close();
  },
  60_000,
);
