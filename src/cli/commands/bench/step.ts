/** `bench --step`: what a token costs, laid open. */
import { measureStep, provenance } from '../../../bench/index.js';
import type { Io } from '../../io.js';
import { loadModel } from '../../model.js';
import type { StepReport } from '../../report/step.js';
import { VERSION } from '../../version.js';
import { lengthOfTexts } from './length.js';
import type { BenchOptions } from './spec.js';

/** @param given whether there is a `--len` */
export async function tokenCost(options: BenchOptions, given: boolean, io: Io): Promise<StepReport> {
  const { model, tokenizer } = await loadModel(options, io);
  try {
    const { threads, seed, memory } = options;
    const length = lengthOfTexts(Math.max(...options.len), model, given);
    const progress = io.progress('text');
    const cost = await measureStep(model, {
      length,
      threads,
      seed,
      start: tokenizer.endOfText ?? 0,
      signal: io.signal,
      onProgress: (done) => progress(done, 1),
      ...(memory !== undefined && { memory }),
    });
    const about = provenance({ version: VERSION, command: process.argv.slice(2), costs: 'built in' });
    return { provenance: about, model: model.config.name, ...cost };
  } finally {
    await model.close();
  }
}
