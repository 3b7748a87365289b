import { classify, type Classifier, moduleOutput, MODULES, readClassifier } from '../../checkpoint/index.js';
import { type EmbeddedRecord, embedMany, type EmbedManyOptions, POOLINGS } from '../../evaluation/index.js';
import type { Loaded } from '../../generation/index.js';
import { whereIs } from '../../text/index.js';
import { ARRAY_FORMATS, ArrayFile, arrayFormatOf } from '../array-file.js';
import { command, type Call } from '../command.js';
import { onOutput, UsageError } from '../errors.js';
import type { Io } from '../io.js';
import { loadModel } from '../model.js';
import { COMPUTE, EVERYWHERE, KEY_VALUES, MODEL, RECORDS, type CommandSpec } from '../options/index.js';
import { nameOf, RecordNotes, recordsOf } from '../records.js';

const EMBED = {
  name: 'embed',
  summary: 'the hidden states of each sequence or text of a file, as arrays for other programs',
  arguments: [
    {
      name: '<file>',
      help: "FASTA, FASTQ, JSON lines or a text in each line, plain or gzip; '-' for stdin",
      completes: 'file',
    },
  ],
  options: {
    output: {
      type: 'text',
      short: 'o',
      value: 'file',
      help: 'the file to write, .npy or .safetensors',
      required: true,
      completes: 'file',
    },
    pool: {
      type: 'choice',
      value: 'how',
      help: 'what becomes of the states of a sequence: their mean, the last one, or all are kept',
      choices: POOLINGS,
      default: 'mean',
    },
    layer: {
      type: 'text',
      value: 'n|module',
      help: 'states after n layers, 0: embeddings; of Evo, what a module gives: blocks.28.mlp.l3',
      defaultText: 'all layers, normalised as the head reads them',
    },
    head: {
      type: 'text',
      value: 'checkpoint',
      help: 'what the classifier’s head of a checkpoint makes of them instead of the states themselves',
      completes: 'file',
    },
    ...RECORDS,
    ...MODEL,
    ...COMPUTE,
    ...KEY_VALUES,
    ...EVERYWHERE,
  },
  notes: [
    {
      title: 'What is written',
      text:
        'Float32. Pooled, a row for each record: in safetensors "embeddings", with the names as a JSON list in the metadata ' +
        '"names". With --pool none, safetensors have an array [tokens, width] under each record’s name, and .npy takes one ' +
        'record. stdout has a line per row: name and tokens. Records that cannot be read are left out; stderr says why.',
    },
  ],
  examples: [
    ['flashinf embed -m dna sequences.fa -o mean.npy > names.tsv', 'a row for each sequence'],
    ['flashinf embed -m dna genes.fa.gz --pool none -o states.safetensors', 'a row for each base'],
  ],
} as const satisfies CommandSpec;

type EmbedCall = Call<typeof EMBED>;
type Layer = NonNullable<EmbedManyOptions['layer']>;

export const embed = command(EMBED, async ({ args: [file], options, io }) => {
  const { output } = options;
  if (arrayFormatOf(output) === undefined) {
    throw new UsageError(`${output}: expected a name that ends in ${ARRAY_FORMATS.join(' or ')}`);
  }
  const loaded = await loadModel(options, io);
  try {
    const { width } = loaded.model.config.model;
    const layer = options.layer === undefined ? undefined : placeOf(options.layer, loaded);
    if (options.head !== undefined && options.layer !== undefined) {
      throw new UsageError('--layer does not go with --head, which reads what all layers made');
    }
    const classifier = options.head === undefined ? undefined : readClassifier(options.head, width);
    await onOutput(output, async () => {
      const array = new ArrayFile(output);
      try {
        await writeRecords(array, file, { options, io }, loaded, layer, classifier);
      } finally {
        array.close();
      }
    });
  } finally {
    await loaded.model.close();
  }
});

/** What `--layer` says. Throws a UsageError for what the model has not. */
function placeOf(asked: string, { model }: Loaded): Layer {
  const { layers } = model.config.model;
  if (/^\d+$/.test(asked)) {
    if (Number(asked) <= layers.length) return Number(asked);
    throw new UsageError(`--layer ${asked}: the model has ${layers.length} layers`);
  }
  if (model.convolutions > 0)
    throw new UsageError(`--layer ${asked}: expected a number; only Evo's modules have names here`);
  const place = moduleOutput(asked, layers);
  if (place === undefined) {
    throw new UsageError(
      `--layer ${asked}: expected a number of layers, or a module that the model has (${MODULES})`,
    );
  }
  return place;
}

/** Throws at the end if some records could not be embedded. */
async function writeRecords(
  array: ArrayFile,
  file: string,
  { options, io }: Pick<EmbedCall, 'options' | 'io'>,
  loaded: Loaded,
  layer: Layer | undefined,
  classifier: Classifier | undefined,
): Promise<void> {
  const columns = classifier?.classes ?? loaded.model.config.model.width;
  const rows = new Rows(options.output, options.pool === 'none', columns);
  const notes = new RecordNotes(io);
  const status = io.counter('embed', 'records');
  let count = 0;
  const found = embedMany(loaded, recordsOf(file, options, loaded, io), {
    ...options,
    layer,
    pooling: options.pool,
    signal: io.signal,
  });
  try {
    for await (const embedded of found) {
      status(++count);
      const { record, sequence, embedding } = embedded;
      notes.letters(record, sequence?.letters);
      if (embedding instanceof Error) {
        notes.wrong(record, embedding);
        continue;
      }
      const values = classifier === undefined ? embedding : classify(classifier, embedding);
      rows.add(embedded, values.length / columns);
      array.add(values);
      await listRow(embedded, io);
    }
  } finally {
    status(undefined);
  }
  if (count === 0) throw new UsageError(`${file === '-' ? 'stdin' : file} has no records`);
  if (notes.failed === count)
    throw new Error(`none of ${count} records could be embedded: nothing is written`);
  array.finish(rows.entries(), rows.metadata(loaded.model.id));
  if (notes.failed > 0) throw new Error(`${notes.failed} of ${count} records could not be embedded`);
}

const listRow = ({ record, sequence }: EmbeddedRecord, io: Io): Promise<void> =>
  // eslint-disable-next-line no-control-regex
  io.stdout.write(`${nameOf(record).replace(/[\u0000-\u001f]/g, ' ')}\t${sequence!.ids.length}\n`);

/** What the arrays are called, and how long they are. */
class Rows {
  private readonly names: string[] = [];
  private readonly counts: number[] = [];
  private readonly taken = new Set<string>();

  constructor(
    private readonly output: string,
    private readonly apart: boolean,
    private readonly columns: number,
  ) {}

  add({ record }: EmbeddedRecord, rows: number): void {
    const name = nameOf(record);
    if (this.apart && this.names.length > 0 && arrayFormatOf(this.output) === '.npy') {
      throw new UsageError('--pool none takes one record for .npy: a .safetensors file has room for more');
    }
    if (this.apart && (this.taken.has(name) || name === '__metadata__')) {
      throw new UsageError(`${whereIs(record)}: an array cannot be called ${JSON.stringify(name)} (again)`);
    }
    this.taken.add(name);
    this.names.push(name);
    this.counts.push(rows);
  }

  entries(): { name: string; shape: number[] }[] {
    const { names, counts, columns } = this;
    if (this.apart) return names.map((name, k) => ({ name, shape: [counts[k], columns] }));
    return [{ name: 'embeddings', shape: [names.length, columns] }];
  }

  metadata(model: string): Record<string, string> {
    return { model, ...(!this.apart && { names: JSON.stringify(this.names) }) };
  }
}
