import { costsFile, keepCosts, makeCostsFolder, measureCosts } from '../../mixer/index.js';
import { OutputError, reasonOf } from '../errors.js';
import type { TUNE } from '../options/index.js';
import { costTables } from '../report/plan.js';
import type { Call } from '../program.js';

/** Measures the tiles of every level and keeps what they cost. */
export async function tune({ options, io }: Call<typeof TUNE>): Promise<void> {
  const file = costsFile();
  // Before the ten seconds that it takes.
  writing(file, makeCostsFolder);
  const progress = io.progress('tiles');
  const costs = await measureCosts({ onProgress: (done) => progress(done, 1) });
  writing(file, () => keepCosts(costs));
  await io.stdout.write(options.json ? JSON.stringify(costs, null, 2) + '\n' : costTables(costs));
  if (!options.json) io.note(`kept in ${file}`);
}

function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new OutputError(`cannot write ${file}: ${reasonOf(error)}`, { cause: error });
  }
}
