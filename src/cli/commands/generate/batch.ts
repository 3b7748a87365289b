import { generateMany, type Item } from '../../../generation/index.js';
import { limitsOf } from '../../limits.js';
import { loadModel } from '../../model.js';
import type { GENERATE } from './spec.js';
import type { Call } from '../../command.js';
import { countLines, readItems, type Line } from './items.js';
import { logprobsJson, statsOf, writeStats } from '../../report/generation.js';

/** A text for each line of a file, one line of JSON each, in the same order. Throws at the end if any item failed. */
export async function generateBatch({ options, io }: Call<typeof GENERATE>): Promise<void> {
  const { threads, batchSize: lanes, memory } = options;
  const signal = AbortSignal.any([io.signal, io.stdout.gone]);
  const began = performance.now();
  const loaded = await loadModel(options, io, lanes);
  const loading = performance.now() - began;
  const limits = limitsOf(loaded);
  /** Of items whose results are still to come. */
  const ids: Line['id'][] = [];
  async function* items(): AsyncGenerator<Item | Error, void, void> {
    for await (const { id, item } of readItems(options.batch!, options, limits, signal)) {
      ids.push(id);
      yield item;
    }
  }
  let count = 0;
  let failed = 0;
  let predicted = 0;
  const status = io.counter(
    'batch',
    'texts',
    io.watched ? await countLines(options.batch!, signal) : undefined,
  );
  try {
    for await (const result of generateMany(loaded, items(), {
      lanes,
      threads,
      signal,
      ...(memory !== undefined && { memory }),
    })) {
      status(count);
      const head = `{"index":${count++},"id":${ids.shift()},`;
      if (result instanceof Error) {
        failed++;
        await io.stdout.write(lineOf(head, { error: result.message }));
        continue;
      }
      predicted += result.tokens.length;
      const { text, tokens, logprobs } = result;
      const stats = statsOf(loaded, result, { mixer: 'tiled', threads, loading });
      const extra = logprobs && { logprobs: logprobs.map((each) => logprobsJson(loaded.tokenizer, each)) };
      await io.stdout.write(lineOf(head, { text, tokens, ...stats, ...extra }));
    }
  } finally {
    status(undefined);
    await loaded.model.close();
  }
  const total_ms = performance.now() - began - loading;
  const totals = {
    items: count,
    failed,
    predicted_n: predicted,
    load_ms: loading,
    total_ms,
    predicted_per_second: (predicted / total_ms) * 1000,
  };
  if (typeof options.stats === 'string') await writeStats(options.stats, totals);
  else if (options.stats) {
    io.note(
      `${count} texts, ${predicted} tokens in ${(total_ms / 1000).toFixed(1)} s, ${totals.predicted_per_second.toFixed(0)} tokens/s`,
    );
  }
  // Whoever interrupted it, or went away, has not seen them all.
  if (failed > 0 && !signal.aborted)
    throw new Error(`${failed} of ${count} items failed: the output says why`);
}

/** An id is JSON as it came: not every number of 64 bits is a number here. */
const lineOf = (head: string, result: object): string => head + JSON.stringify(result).slice(1) + '\n';
