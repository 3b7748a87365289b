import {
  COMPUTE,
  KEY_VALUES,
  EVERYWHERE,
  JSON_OPTION,
  KEEP_NEWLINE,
  MEMORY,
  MIXER,
  MODEL,
  RECORDS,
  SEED,
  kebab,
  type CommandSpec,
  type Note,
  type OptionTable,
} from '../../options/index.js';

const SAMPLING = 'Sampling, in this order';
const OUTPUT = 'Output';
const STATE = 'Going on later';
const BATCH = 'Many prompts';

/** How tokens are drawn: what an item of a batch can set for itself. */
export const SAMPLING_OPTIONS = {
  repeatPenalty: {
    type: 'number',
    value: 'x',
    help: 'divide positive logits of recent tokens by this, multiply negative ones; 1: off',
    above: 0,
    defaultText: '1.1 for words and their parts; 1 for letters, bytes and ids',
    group: SAMPLING,
  },
  repeatLastN: {
    type: 'integer',
    value: 'n',
    help: 'how many tokens count as recent, the prompt’s included; -1: all, 0: none',
    from: -1,
    default: 64,
    group: SAMPLING,
  },
  topK: {
    type: 'integer',
    value: 'k',
    help: 'keep the k most likely tokens; 0: all',
    from: 0,
    default: 40,
    group: SAMPLING,
  },
  topP: {
    type: 'number',
    value: 'p',
    help: 'keep the most likely tokens up to this probability; 1: all',
    above: 0,
    to: 1,
    default: 0.95,
    group: SAMPLING,
  },
  minP: {
    type: 'number',
    value: 'p',
    help: 'keep tokens at least this probable, relative to the most likely; 0: all',
    from: 0,
    to: 1,
    default: 0,
    group: SAMPLING,
  },
  temp: {
    type: 'number',
    value: 't',
    help: 'temperature; 0 always takes the most likely token',
    from: 0,
    default: 0.8,
    group: SAMPLING,
  },
  seed: {
    ...SEED,
    help: 'same seed, same text, on any number of threads',
    defaultText: 'random; --stats and --json report it',
    group: SAMPLING,
  },
} as const satisfies OptionTable;

/** Where a text ends. */
export const LENGTH_OPTIONS = {
  nPredict: {
    type: 'integer',
    short: 'n',
    aliases: ['max-tokens'],
    value: 'n',
    help: 'tokens to generate; -1: until the context is full',
    from: -1,
    default: 256,
  },
  stop: {
    type: 'texts',
    value: 'str',
    help: 'end the text before str, also where it spans tokens; may be given again',
  },
  ignoreEos: { type: 'flag', help: 'never draw the token that ends a text' },
  allow: {
    type: 'text',
    value: 'chars',
    help: 'draw only tokens that consist of these characters, like ACGT; the one that ends a text aside',
  },
} as const satisfies OptionTable;

/** Names of options as JSON has them: `n_predict`. */
export const snake = (name: string): string => kebab(name).replaceAll('-', '_');

/** Names by which a line of a batch can set an option. */
export const BATCH_FIELDS = [
  ...Object.keys(LENGTH_OPTIONS),
  ...Object.keys(SAMPLING_OPTIONS),
  'logprobs',
  'samples',
].map(snake);

const NOTES: readonly Note[] = [
  {
    title: 'Lines of --batch',
    text:
      'An object each, with a "prompt" (a text or a list of token ids) and, if wanted, an "id" (a text or a number), and ' +
      `${BATCH_FIELDS.join(', ')}. What it leaves out, or gives as null, is as on the command line; names that other ` +
      'servers use, such as max_tokens and temperature, are taken, too. Each line of the output is what --json prints, ' +
      'or an "error", with the item’s "index" and "id", and of several samples "sample", in the order of the input.',
  },
  {
    title: 'Sequences',
    text:
      'With --format fasta, each record of what -f or stdin holds (FASTA, FASTQ, JSON lines or a sequence in each line, plain ' +
      'or gzip) is a prompt, and FASTA comes out: what was generated, under the record’s name, with --samples as NAME/1, ' +
      'NAME/2. Models of DNA take lower case (soft-masked) bases as upper case and U as T, which stderr says once, and ' +
      'FASTA of one record as a prompt anywhere.',
  },
  {
    title: 'Fields of --json',
    text: 'The last line of --jsonl and the lines of a batch have them, too. Those of a token in --jsonl: token, text, logprob, top.',
    list: [
      ['text', 'what was generated, without the stop that ended it'],
      ['tokens', 'the ids of its tokens'],
      ['stop_type', 'why it ended: eos, limit, word or interrupted'],
      ['stopping_word', 'the stop that ended it'],
      ['seed', 'with which the same text comes again'],
      ['model', 'its name and id'],
      ['device', 'where the dense layers ran'],
      ['device_problem', 'why it is not CUDA, where its provider is installed; else null'],
      ['mixer', 'how positions were mixed'],
      ['threads', 'CPU threads'],
      ['timings', 'tokens (prompt_n, predicted_n), ms and tokens per second of prompt and text, and more'],
      ['mixer_bytes', 'memory of the mixer'],
      ['peak_bytes', 'memory of the process'],
      ['logprobs', 'with --logprobs, of each token: token, piece, logprob, and the most likely ones, top'],
    ],
  },
];

export const GENERATE = {
  name: 'generate',
  summary: 'continue a prompt; stdout carries the generated text only',
  arguments: [{ name: '[-]', help: 'stdin, as a part of the prompt where it stands among -p and -f' }],
  options: {
    prompt: {
      type: 'text',
      short: 'p',
      value: 'text',
      help: 'the prompt; without it and -f, what is piped in',
    },
    file: {
      type: 'text',
      short: 'f',
      value: 'file',
      help: "a file that holds the prompt, '-' for stdin",
      completes: 'file',
    },
    ...KEEP_NEWLINE,
    ...LENGTH_OPTIONS,
    ...MODEL,
    ...SAMPLING_OPTIONS,
    echo: { type: 'flag', help: 'print the prompt first', group: OUTPUT },
    raw: { type: 'flag', help: 'print bytes as they come, not whole characters only', group: OUTPUT },
    json: {
      ...JSON_OPTION.json,
      help: 'print one JSON object: text, tokens, why it ended, timings',
      group: OUTPUT,
    },
    jsonl: {
      type: 'flag',
      help: 'print one JSON object per token as it comes, then the final one',
      group: OUTPUT,
    },
    logprobs: {
      type: 'integer',
      value: 'n',
      help: 'with --json or --jsonl: log probabilities of each token and of the n most likely',
      from: 0,
      to: 100,
      group: OUTPUT,
    },
    stats: {
      type: 'optional text',
      value: 'file',
      help: 'report speed, seed and device: to stderr, or as JSON to a file',
      completes: 'file',
      group: OUTPUT,
    },
    saveState: {
      type: 'text',
      value: 'file',
      help: 'when it ends, also by SIGINT or SIGTERM, save what it takes to go on bit-exactly',
      completes: 'file',
      group: STATE,
    },
    loadState: {
      type: 'text',
      value: 'file',
      help: 'go on where a saved run stopped; -n counts from there',
      completes: 'file',
      group: STATE,
    },
    ctxSize: {
      type: 'integer',
      short: 'c',
      value: 'n',
      help: 'tokens of prompt and text to have room for when going on from a saved state',
      from: 1,
      defaultText: 'what -n takes',
      group: STATE,
    },
    batch: {
      type: 'text',
      value: 'file',
      help: "one JSON object with a prompt per line in, one result per line out; '-' for stdin",
      completes: 'file',
      group: BATCH,
    },
    format: {
      type: 'choice',
      value: 'name',
      help: 'sequences in, continuations of each out: see Sequences',
      choices: ['fasta'],
      group: BATCH,
    },
    samples: {
      type: 'integer',
      value: 'n',
      help: 'texts for each prompt, which is computed once for those side by side; seeds count up from --seed',
      from: 1,
      to: 65536,
      default: 1,
      group: BATCH,
    },
    ...RECORDS,
    batchSize: {
      type: 'integer',
      value: 'n',
      help: 'prompts generated side by side; changes no text',
      from: 1,
      to: 256,
      default: 8,
      group: BATCH,
    },
    mixer: { ...MIXER.mixer, help: 'how to mix positions; a batch always takes tiled' },
    ...COMPUTE,
    ...KEY_VALUES,
    ...MEMORY,
    ...EVERYWHERE,
  },
  notes: NOTES,
  examples: [
    ['flashinf generate -p "Once upon a time" -n 100', 'a hundred tokens after a prompt'],
    ['cat chapter.txt | flashinf generate -n 2000 > more.txt', 'in a pipeline'],
    ['flashinf generate -p "The sea" --temp 0 --stop "." --json', 'the most likely sentence, as JSON'],
    ['flashinf generate -p "The sea" -n 500 -c 4000 --save-state sea', 'with room to go on'],
    ['flashinf generate --load-state sea -n 500', 'which this does'],
    ['flashinf generate --batch prompts.jsonl > results.jsonl', 'many prompts, eight at a time'],
    [
      'flashinf generate -m dna --format fasta -f in.fa --samples 4 > out.fa',
      'four continuations of each sequence',
    ],
  ],
} as const satisfies CommandSpec;
