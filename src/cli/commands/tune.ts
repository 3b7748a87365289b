import { costsFile, keepCosts, makeCostsFolder, measureCosts } from '../../mixer/index.js';
import { OutputError, reasonOf } from '../errors.js';
import { costTables } from '../report/plan.js';
import { command } from '../command.js';
import { EVERYWHERE, JSON_OPTION, type CommandSpec } from '../options/index.js';

const TUNE = {
  name: 'tune',
  summary:
    'measure what tiles cost on this machine, for bench, inspect --plan and plans of your own; texts stay the same',
  options: { ...JSON_OPTION, ...EVERYWHERE },
  examples: [['flashinf tune', 'ten seconds; kept in ~/.cache/flashinf, or $XDG_CACHE_HOME']],
} as const satisfies CommandSpec;

/** Measures the tiles of every level and keeps what they cost. */
export const tune = command(TUNE, async ({ options, io }) => {
  const file = costsFile();
  // Before the ten seconds that it takes.
  writing(file, makeCostsFolder);
  const progress = io.progress('tiles');
  const costs = await measureCosts({ onProgress: (done) => progress(done, 1) });
  writing(file, () => keepCosts(costs));
  await io.stdout.write(options.json ? JSON.stringify(costs, null, 2) + '\n' : costTables(costs));
  if (!options.json) io.note(`kept in ${file}`);
});

function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new OutputError(`cannot write ${file}: ${reasonOf(error)}`, { cause: error });
  }
}
