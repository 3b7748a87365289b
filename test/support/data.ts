/** Checkpoints that are too large, or not ours, to be committed: tests that want them do without. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const DATA = resolve(process.env['FLASHINF_TEST_DATA'] ?? '../shared/data');

/**
 * `describe`, or where the folder `name` of the test data is not there, a skipped test that says so: `tests` is not called, since
 * what it reads before the first test is not there either. The data is looked for in FLASHINF_TEST_DATA, then in ../shared/data.
 */
export function describeWithData(name: string, tests: (directory: string) => void): void {
  const directory = join(DATA, name);
  if (existsSync(directory)) describe(name, () => tests(directory));
  else test.skip(`${name}: not in ${DATA} (set FLASHINF_TEST_DATA)`, () => undefined);
}
