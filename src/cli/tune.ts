import { costsFile, keepCosts, measureCosts } from '../mixer/index.js';
import type { TUNE } from './options/index.js';
import { costTables } from './plan-report.js';
import type { Call } from './program.js';

/** Measures the tiles of every level and keeps what they cost. */
export async function tune({ options, io }: Call<typeof TUNE>): Promise<void> {
  const costs = measureCosts({ onProgress: (done) => io.progress('tiles')(done, 1) });
  keepCosts(costs);
  await io.stdout.write(options.json ? JSON.stringify(costs, null, 2) + '\n' : costTables(costs));
  if (!options.json) io.note(`kept in ${costsFile()}`);
}
