import { load } from '../../src/generation/load.js';
import { BundleError } from '../../src/format/index.js';
import { removeTemporary, tinyBundle } from '../support/tiny-model.js';

afterAll(removeTemporary);

test('a model with fewer outputs than the tokenizer has ids is refused when it is opened', async () => {
  // 40 outputs, and one token per byte.
  const loading = load(await tinyBundle('log'));
  await expect(loading).rejects.toThrow(BundleError);
  await expect(loading).rejects.toThrow(
    /config\.json: model\.vocabulary: expected at least 256, .*"bytes", got 40/,
  );
});
