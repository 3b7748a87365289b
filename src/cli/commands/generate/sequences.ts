/** Sequences in, their continuations out. */
import { sequenceOf } from '../../../evaluation/index.js';
import { generateMany, type Item } from '../../../generation/index.js';
import { decode, readRecords, RecordError, RecordsError, type TextRecord } from '../../../text/index.js';
import { UsageError } from '../../errors.js';
import { loadModel } from '../../model.js';
import { nameOf, RecordNotes, recordsOf } from '../../records.js';
import { samplingOf } from './sampling.js';
import type { GENERATE } from './spec.js';
import type { Call } from '../../command.js';

type GenerateOptions = Call<typeof GENERATE>['options'];

/** Bases in a line of FASTA. */
const COLUMNS = 60;

/** A record of FASTA for each sample of each record. Throws at the end if any record failed. */
export async function generateSequences(
  { options, io }: Pick<Call<typeof GENERATE>, 'options' | 'io'>,
  source: { readonly file: string } | { readonly prompt: string },
): Promise<void> {
  const { threads, batchSize: lanes, memory, samples } = options;
  const signal = AbortSignal.any([io.signal, io.stdout.gone]);
  const loaded = await loadModel(options, io, lanes);
  const notes = new RecordNotes(io);
  /** Of results that are still to come: whose they are. */
  const coming: { readonly record: TextRecord; readonly ids: readonly number[]; readonly sample: number }[] =
    [];
  async function* items(): AsyncGenerator<Item | Error, void, void> {
    const records =
      'file' in source ? recordsOf(source.file, options, loaded, io) : promptRecords(source.prompt);
    for await (const record of records) {
      const { item, ids } = await itemOf(record);
      for (let k = 1; k <= (item instanceof Error ? 1 : samples); k++)
        coming.push({ record, ids, sample: k });
      yield item;
    }
  }
  async function itemOf(record: TextRecord): Promise<{ item: Item | Error; ids: readonly number[] }> {
    try {
      const { ids, letters } = await sequenceOf(loaded, record, { ...options, signal });
      notes.letters(record, letters);
      return { item: toItem(ids, options), ids };
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return { item: error, ids: [] };
    }
  }
  const status = io.counter('sequences', 'texts');
  let count = 0;
  try {
    const results = generateMany(loaded, items(), { lanes, threads, signal, memory });
    for await (const result of results) {
      status(count++);
      const { record, ids, sample } = coming.shift()!;
      if (result instanceof Error) {
        if (sample === 1) notes.wrong(record, result);
        continue;
      }
      const name = samples === 1 ? nameOf(record) : `${nameOf(record)}/${sample}`;
      const before = options.echo ? decode(loaded.tokenizer, ids) : '';
      const facts = `seed=${result.seed} stop=${result.stopType} prompt=${ids.length}`;
      await io.stdout.write(fasta(`${name} ${facts}`, before + result.text));
    }
  } finally {
    status(undefined);
    await loaded.model.close();
  }
  if (count === 0 && !signal.aborted) throw new UsageError('no sequences to continue');
  if (notes.failed > 0 && !signal.aborted) throw new Error(`${notes.failed} records could not be continued`);
}

async function* promptRecords(prompt: string): AsyncGenerator<TextRecord, void, void> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from(prompt));
  }
  try {
    yield* readRecords(bytes(), { longest: prompt.length });
  } catch (error) {
    throw error instanceof RecordsError ? new UsageError(`the prompt: ${error.message}`) : error;
  }
}

function toItem(prompt: readonly number[], options: GenerateOptions): Item {
  const { nPredict, seed, stop, allow, samples } = options;
  return {
    prompt,
    sampling: samplingOf(options),
    count: nPredict,
    ignoreEos: options.ignoreEos === true,
    seed,
    stop,
    allow,
    samples,
  };
}

function fasta(header: string, sequence: string): string {
  const lines = sequence.match(new RegExp(`[^]{1,${COLUMNS}}`, 'g')) ?? [];
  return [`>${header}`, ...lines].join('\n') + '\n';
}
