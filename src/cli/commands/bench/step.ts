/** `bench --step`: what a token costs, laid open. */
import { measureStep, provenance } from '../../../bench/index.js';
import type { Io } from '../../io.js';
import { loadModel } from '../../model.js';
import type { StepReport } from '../../report/step.js';
import { VERSION } from '../../version.js';
import { checkLength } from './length.js';
import type { BenchOptions } from './spec.js';

export async function tokenCost(options: BenchOptions, io: Io): Promise<StepReport> {
  const { model, tokenizer } = await loadModel(options, io);
  try {
    const { threads, seed, memory } = options;
    const length = Math.max(...options.len);
    checkLength(length, model);
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
