import { type Score, scoreMany } from '../../evaluation/index.js';
import { type TextRecord, type Tokenizer } from '../../text/index.js';
import { command, type Call } from '../command.js';
import { UsageError } from '../errors.js';
import type { Io } from '../io.js';
import { loadModel } from '../model.js';
import { COMPUTE, EVERYWHERE, KEY_VALUES, MODEL, RECORDS, type CommandSpec } from '../options/index.js';
import { nameOf, RecordNotes, recordsOf } from '../records.js';

const SCORE = {
  name: 'score',
  summary: 'the log-likelihood of each sequence or text of a file, one line each',
  arguments: [
    {
      name: '<file>',
      help: "FASTA, FASTQ, JSON lines or a text in each line, plain or gzip; '-' for stdin",
      completes: 'file',
    },
  ],
  options: {
    bothStrands: { type: 'flag', help: 'DNA: the mean of a sequence and its reverse complement' },
    header: { type: 'flag', help: 'name the columns in a first line' },
    jsonl: { type: 'flag', help: 'print a JSON object per record, not tab-separated columns' },
    logprobs: { type: 'flag', help: 'with --jsonl: the log probability of each token' },
    ...RECORDS,
    ...MODEL,
    ...COMPUTE,
    ...KEY_VALUES,
    ...EVERYWHERE,
  },
  notes: [
    {
      title: 'Columns',
      text:
        'name, tokens, log-likelihood (natural logarithm, sum), its mean per token predicted, bits per base (of text: per ' +
        'byte). A first token that nothing stands before is not predicted. Records without a name have their number. A ' +
        'record that cannot be scored has NA, and stderr says why.',
    },
    {
      title: 'JSON lines in',
      text:
        'An object each, with a "prompt", "text", "sequence" or "seq" that is a text or a list of token ids, or "ids" or ' +
        '"tokens"; its name is "id" or "name".',
    },
    {
      title: 'Shared beginnings',
      text:
        'What a record begins with like the one before it is computed once, in blocks of 256 tokens (of more in records ' +
        'of more than 4,096): alleles of one window are best sorted by position. Each score is the one that the record ' +
        'has alone, to the last bit.',
    },
  ],
  examples: [
    [
      'flashinf score -m dna sequences.fa.gz > scores.tsv',
      'name, tokens, log-likelihood, mean, bits per base',
    ],
    ['flashinf score -m dna --both-strands --jsonl --logprobs alleles.fa', 'all there is to know'],
  ],
} as const satisfies CommandSpec;

type Options = Call<typeof SCORE>['options'];
type ScoreOptions = Pick<Options, keyof typeof MODEL | keyof typeof COMPUTE> & Partial<Options>;

const COLUMNS = ['name', 'tokens', 'log_likelihood', 'mean', 'bits_per_base'];

export const score = command(SCORE, (call) => scoreFile(call.args[0], call));

/** Scores a file's records to stdout. Throws at the end if any could not be. */
export async function scoreFile(
  file: string,
  { options, io }: { readonly options: ScoreOptions; readonly io: Io },
): Promise<void> {
  if (options.logprobs && !options.jsonl) throw new UsageError('--logprobs needs --jsonl');
  if (options.header && options.jsonl) throw new UsageError('--header does not go with --jsonl');
  const loaded = await loadModel(options, io);
  const { tokenizer } = loaded;
  try {
    if (options.bothStrands && !tokenizer.isDna) {
      throw new UsageError('--both-strands is for models of DNA: this one is of something else');
    }
    const notes = new RecordNotes(io);
    const status = io.counter('score', 'records');
    let count = 0;
    if (options.header) await io.stdout.write(COLUMNS.join('\t') + '\n');
    const signal = AbortSignal.any([io.signal, io.stdout.gone]);
    const found = scoreMany(loaded, recordsOf(file, options, loaded, io), { ...options, signal });
    try {
      for await (const { record, sequence, score } of found) {
        status(++count);
        notes.letters(record, sequence?.letters);
        if (score instanceof Error) notes.wrong(record, score);
        await io.stdout.write(
          options.jsonl ? toJson(record, score, options, tokenizer) : toColumns(record, score),
        );
      }
    } catch (error) {
      // Whoever went away has not seen them all, and wants no more.
      if (error !== signal.reason || io.signal.aborted) throw error;
      return;
    } finally {
      status(undefined);
    }
    if (count === 0) throw new UsageError(`${file === '-' ? 'stdin' : file} has no records`);
    if (notes.failed > 0) throw new Error(`${notes.failed} of ${count} records could not be scored`);
  } finally {
    await loaded.model.close();
  }
}

/** A sum has to show what one base changes in a million. */
const exactly = (sum: number): number => Number(sum.toFixed(6));

/** Nine digits: more than float32 is good for. */
const rounded = (value: number): number => Number(value.toPrecision(9));

function toColumns(record: TextRecord, score: Score | Error): string {
  // eslint-disable-next-line no-control-regex
  const name = nameOf(record).replace(/[\u0000-\u001f]/g, ' ');
  const values =
    score instanceof Error
      ? ['NA', 'NA', 'NA', 'NA']
      : [score.tokens, exactly(score.logLikelihood), rounded(score.mean), rounded(score.bits)];
  return [name, ...values].join('\t') + '\n';
}

function toJson(
  record: TextRecord,
  score: Score | Error,
  { logprobs: wanted, bothStrands }: Pick<ScoreOptions, 'logprobs' | 'bothStrands'>,
  tokenizer: Tokenizer,
): string {
  const head = { index: record.number - 1, name: nameOf(record) };
  if (score instanceof Error) return JSON.stringify({ ...head, error: score.message }) + '\n';
  const { tokens, predicted, logLikelihood, mean, bits, logprobs, reverseLogprobs } = score;
  const list = (values: Float64Array): number[] => Array.from(values, rounded);
  return (
    JSON.stringify({
      ...head,
      tokens,
      predicted,
      log_likelihood: exactly(logLikelihood),
      mean: rounded(mean),
      [tokenizer.isDna ? 'bits_per_base' : 'bits_per_byte']: rounded(bits),
      ...(wanted && { logprobs: list(logprobs) }),
      ...(wanted && bothStrands && { reverse_logprobs: list(reverseLogprobs!) }),
    }) + '\n'
  );
}
