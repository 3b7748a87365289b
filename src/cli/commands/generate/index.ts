import { command } from '../../command.js';
import { UsageError } from '../../errors.js';
import { generateBatch, generateSamples } from './batch.js';
import { checkConflicts } from './conflicts.js';
import { generateOne } from './one.js';
import { promptOf, sequencesFile } from './prompt.js';
import { generateSequences } from './sequences.js';
import { GENERATE } from './spec.js';

export const generate = command(GENERATE, async (call) => {
  checkConflicts(call);
  const { batch, format, prompt, file, samples, nPredict } = call.options;
  if (batch !== undefined) await generateBatch(call);
  else if (format !== undefined) {
    if (prompt !== undefined && (file !== undefined || call.args.length > 0)) {
      throw new UsageError('--format takes its sequences from a file or --prompt, not both');
    }
    await generateSequences(call, prompt === undefined ? { file: sequencesFile(call) } : { prompt });
  } else if (samples > 1 || nPredict === 0) await generateSamples(call, await promptOf(call));
  else await generateOne(call);
});
