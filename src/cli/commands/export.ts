import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { exportBundle, exportOnnx, GRAPH_FILE } from '../../checkpoint/index.js';
import { otherThanBundle } from '../../model/index.js';
import { onOutput, UsageError } from '../errors.js';
import type { EXPORT } from '../options/index.js';
import type { Call } from '../program.js';

/** What names may begin with: nothing, or names of modules. */
const STEM = /^([^\p{Cc}]{1,200}\.)?$/u;

export async function exportWeights({ args: [bundle], options, io }: Call<typeof EXPORT>): Promise<void> {
  const { output, force, stem, onnx } = options;
  if (output === '') throw new UsageError('--output is empty');
  if (existsSync(output)) {
    if (!force) throw new UsageError(`${output} exists; --force replaces it`);
    const place = realpathSync(output);
    if (existsSync(bundle) && [place, dirname(place)].includes(realpathSync(bundle))) {
      throw new UsageError(`${output} is part of the bundle: nothing is replaced`);
    }
  }
  if (stem !== undefined && !STEM.test(stem)) {
    throw new UsageError(
      `--stem: expected a prefix that ends in a dot, as in backbone., got ${JSON.stringify(stem)}`,
    );
  }
  if (onnx) {
    if (stem !== undefined)
      throw new UsageError('--stem does not go with --onnx: graphs have names of their own');
    const other = existsSync(output) ? otherThanBundle(output, GRAPH_FILE) : undefined;
    if (other !== undefined) throw new UsageError(`${output} is ${other}: nothing is replaced`);
    const { graphs } = await onOutput(output, () => exportOnnx(bundle, output));
    io.note(`${output}: ${graphs} graphs and their weights`);
    return;
  }
  const { tensors, bytes } = await onOutput(output, () => exportBundle(bundle, output, stem));
  io.note(`${output}: ${tensors} tensors, ${(bytes / 1e6).toFixed(1)} MB`);
}
