import { existsSync } from 'node:fs';
import { exportBundle } from '../../checkpoint/index.js';
import { BundleError } from '../../model/index.js';
import { OutputError, UsageError } from '../errors.js';
import type { EXPORT } from '../options/index.js';
import type { Call } from '../program.js';

/** What names may begin with: nothing, or names of modules. */
const STEM = /^([^\p{Cc}]{1,200}\.)?$/u;

export function exportWeights({ args: [bundle], options, io }: Call<typeof EXPORT>): void {
  const { output, force, stem } = options;
  if (existsSync(output) && !force) throw new UsageError(`${output} exists; --force replaces it`);
  if (stem !== undefined && !STEM.test(stem)) {
    throw new UsageError(
      `--stem: expected a prefix that ends in a dot, as in backbone., got ${JSON.stringify(stem)}`,
    );
  }
  try {
    const { tensors, bytes } = exportBundle(bundle, output, stem);
    io.note(`${output}: ${tensors} tensors, ${(bytes / 1e6).toFixed(1)} MB`);
  } catch (error) {
    if (error instanceof BundleError) throw error;
    throw new OutputError(`cannot write ${output}: ${(error as Error).message}`);
  }
}
