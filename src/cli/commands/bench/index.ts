import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchReport, runBench, writeSynthetic } from '../../../bench/index.js';
import { command } from '../../command.js';
import { UsageError } from '../../errors.js';
import type { Io } from '../../io.js';
import { loadModel } from '../../model.js';
import { renderMarkdown } from '../../report/bench/markdown.js';
import { renderCsv, renderJsonLines } from '../../report/bench/records.js';
import { renderBench } from '../../report/bench/text.js';
import { renderStep } from '../../report/step.js';
import { compare, renderComparison } from './compare.js';
import { lengthOfTexts } from './length.js';
import { pictures } from './pictures.js';
import { requestFor, requestOf, syntheticOf } from './request.js';
import { BENCH, type BenchOptions } from './spec.js';
import { tokenCost } from './step.js';

const json = (value: object): string => JSON.stringify(value, null, 2) + '\n';

export const bench = command(BENCH, async ({ args, options, given, io }) => {
  const format = options.json ? 'json' : options.output;
  if (args.length > 0) {
    const [, before, after] = args;
    if (after === undefined) throw new UsageError('compare takes two runs: flashinf bench compare OLD NEW');
    const rows = compare(before, after, options.threshold);
    await io.stdout.write(format === 'json' ? json(rows) : renderComparison(rows));
    const slower = rows.filter(({ verdict }) => verdict === 'slower');
    if (slower.length > 0) throw new Error(`${slower.length} of ${rows.length} figures are slower`);
    return;
  }
  if (options.step) {
    const step = await tokenCost(options, given('len'), io);
    await io.stdout.write(format === 'json' ? json(step) : renderStep(step));
    return;
  }
  const report = await measure(options, given, io);
  await io.stdout.write(RENDER[format](report, options));
  await pictures(report, options, io);
});

const RENDER: Record<BenchOptions['output'], (report: BenchReport, options: BenchOptions) => string> = {
  text: (report) => renderBench(report),
  md: (report, { svg }) => renderMarkdown(report, svg),
  csv: renderCsv,
  json,
  jsonl: renderJsonLines,
};

async function measure(
  options: BenchOptions,
  given: Parameters<typeof requestOf>[1],
  io: Io,
): Promise<BenchReport> {
  const asked = requestOf(options, given);
  const progress = io.progress('bench');
  const hooks = { signal: io.signal, onProgress: progress };
  if (!options.endToEnd) return await runBench(asked, hooks);
  const longest = Math.max(...asked.shapes.map(({ length }) => length));
  return await withModel(options, longest, io, async (model) => {
    const loaded = await loadModel(model, io);
    try {
      const request = requestFor(loaded.model, asked, given);
      const length = lengthOfTexts(longest, loaded.model, given('len'));
      const loadFor = (lanes: number): ReturnType<typeof loadModel> => loadModel(model, io, lanes);
      return await runBench({ ...request, texts: { loaded, length, lanes: options.lanes, loadFor } }, hooks);
    } finally {
      await loaded.model.close();
    }
  });
}

/** Gives the options with the model that texts are of: a bundle's, or one of random weights that is gone afterwards. */
async function withModel<T>(
  options: BenchOptions,
  length: number,
  io: Io,
  use: (options: BenchOptions) => Promise<T>,
): Promise<T> {
  const shape = syntheticOf(options);
  if (shape === undefined) return await use(options);
  const folder = mkdtempSync(join(tmpdir(), 'flashinf-'));
  try {
    const model = join(folder, 'synthetic');
    const written = writeSynthetic(model, shape, length, () => io.signal.throwIfAborted());
    await io.during('making a model', written);
    return await use({ ...options, model });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
