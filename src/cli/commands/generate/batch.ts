import { generateMany, type Item, type Loaded } from '../../../generation/index.js';
import type { Io } from '../../io.js';
import { limitsOf } from '../../limits.js';
import { loadModel } from '../../model.js';
import type { GENERATE } from './spec.js';
import type { Call } from '../../command.js';
import { countLines, type Given, readItems, type Line } from './items.js';
import { RecordNotes } from '../../records.js';
import { toLetters } from '../../../text/index.js';
import { logprobsJson, statsOf, writeStats } from '../../report/generation.js';
import { samplingOf } from './sampling.js';
import { dnaPrompt } from '../../dna-prompt.js';

type GenerateCall = Call<typeof GENERATE>;

/** A text for each line of a file, one line of JSON each, in the same order. Throws at the end if any item failed. */
export async function generateBatch({ options, io }: GenerateCall): Promise<void> {
  await printItems(
    { options, io },
    io.watched ? await countLines(options.batch!, io.signal) : undefined,
    (loaded, signal) => readItems(options.batch!, options, givenBy(loaded, options, io), signal),
  );
}

/** Several texts of one prompt, or none: what is to be said of them is JSON, a line each. */
export async function generateSamples({ options, io }: GenerateCall, prompt: string): Promise<void> {
  await printItems({ options, io }, 1, async function* (loaded) {
    const { nPredict, seed, stop, logprobs, allow, samples } = options;
    const text = loaded.tokenizer.isDna ? await dnaPrompt(prompt, options, io) : prompt;
    const item: Item = {
      prompt: text,
      sampling: samplingOf(options),
      count: nPredict,
      ignoreEos: options.ignoreEos === true,
      seed,
      stop,
      logprobs,
      allow,
      samples,
    };
    yield { id: 'null', item };
  });
}

function givenBy(loaded: Loaded, { ambiguousAsN }: GenerateCall['options'], io: Io): Given {
  const notes = new RecordNotes(io);
  const toDna = (prompt: string, line: number): string => {
    const letters = toLetters(prompt.replace(/\s+/g, ''), { ambiguousAsN });
    notes.letters({ number: line, line, content: '' }, letters);
    return letters.text;
  };
  return { limits: limitsOf(loaded), toDna: loaded.tokenizer.isDna && toDna };
}

async function printItems(
  { options, io }: { options: GenerateCall['options']; io: Io },
  total: number | undefined,
  linesOf: (loaded: Loaded, signal: AbortSignal) => AsyncIterable<Line>,
): Promise<void> {
  const { threads, batchSize: lanes, memory } = options;
  const signal = AbortSignal.any([io.signal, io.stdout.gone]);
  const began = performance.now();
  const loaded = await loadModel(options, io, lanes);
  const loading = performance.now() - began;
  /** Of results that are still to come: whose they are. */
  const coming: { readonly index: number; readonly id: Line['id']; readonly sample: number | undefined }[] =
    [];
  async function* items(): AsyncGenerator<Item | Error, void, void> {
    let index = 0;
    for await (const { id, item } of linesOf(loaded, signal)) {
      const samples = item instanceof Error ? 1 : (item.samples ?? 1);
      for (let k = 1; k <= samples; k++) coming.push({ index, id, sample: samples === 1 ? undefined : k });
      index++;
      yield item;
    }
  }
  let count = 0;
  let failed = 0;
  let predicted = 0;
  const status = io.counter('batch', 'texts', total);
  try {
    for await (const result of generateMany(loaded, items(), {
      lanes,
      threads,
      signal,
      ...(memory !== undefined && { memory }),
    })) {
      status(count++);
      const { index, id, sample } = coming.shift()!;
      const head = `{"index":${index},"id":${id},${sample === undefined ? '' : `"sample":${sample},`}`;
      if (result instanceof Error) {
        failed++;
        await io.stdout.write(lineOf(head, { error: result.message }));
        continue;
      }
      predicted += result.tokens.length;
      const { text, tokens, logprobs, promptLogprobs } = result;
      const stats = statsOf(loaded, result, { mixer: 'tiled', threads, loading });
      const json = (all: NonNullable<typeof logprobs>): object[] =>
        all.map((each) => logprobsJson(loaded.tokenizer, each));
      const extra = {
        ...(logprobs && { logprobs: json(logprobs) }),
        ...(promptLogprobs && { prompt_logprobs: json(promptLogprobs) }),
      };
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
