/**
 * Command lines and all that comes of them, run in the folder that `makeFolder` makes. Together they name every
 * spelling of every option, and end in every exit code: `cases.test.ts` sees to that.
 */
import { hasCuda } from '../support/cuda.js';
import type { TextShape } from '../../src/generation/text.js';

/** stdout is what the library generates for a prompt (of the folder's bundle `bytes`), 8 tokens with seed 1. */
interface Text {
  readonly text: TextShape & { readonly prompt?: string; readonly before?: string };
}

/** stdout is one JSON value, or one per line, with at least these fields. */
interface Parsed {
  readonly json: object;
}
interface ParsedLines {
  readonly lines: readonly object[];
}

export interface Case {
  /** Separated by spaces. */
  readonly line: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Sent as soon as there is something on stdout. */
  readonly signal?: NodeJS.Signals;
  /** Where stdout goes. */
  readonly to?: string;
  /** Default: 0. */
  readonly code?: number;
  /** Default: nothing. */
  readonly stdout?: string | RegExp | Text | Parsed | ParsedLines;
  /** Default: nothing. */
  readonly stderr?: string | RegExp;
  /** What it leaves in files. */
  readonly files?: Readonly<Record<string, RegExp>>;
}

const GENERATE = 'generate -m bytes -n 8 -s 1';
const ONCE = `${GENERATE} -p once`;
const USAGE = /^Usage: flashinf /;
const JSON_OBJECT = /^\{\n[^]*\n\}\n$/;
const TABLE = /^\| position +\| +tokens \|/;
/** One line, and no more. */
const error = (text: string): RegExp => new RegExp(`^error: [^\\n]*${text}[^\\n]*\\n$`);

/** With `--verbose`: where it comes from, too. */
const traced = (name: string): RegExp => new RegExp(`^error: ${name}: [^]*\\n\\s+at `);

/** How a text is asked for. */
const PROMPTS: readonly Case[] = [
  { line: ONCE, stdout: { text: {} } },
  { line: 'generate --model bytes --n-predict 8 --seed 1 --prompt once', stdout: { text: {} } },
  { line: 'generate -m bytes --max-tokens 3 -s 2 -p once', stdout: { text: { count: 3, seed: 2 } } },
  { line: `${GENERATE} -f once.txt`, stdout: { text: {} } },
  { line: `${GENERATE} --file once.txt -p ,`, stdout: { text: { prompt: 'once,' } } },
  { line: `${GENERATE} -p , --file once.txt`, stdout: { text: { prompt: ',once' } } },
  { line: `${GENERATE} -f -`, input: 'once', stdout: { text: {} } },
  { line: `${GENERATE} -`, input: 'once', stdout: { text: {} } },
  { line: GENERATE, input: 'once\n', stdout: { text: {} } },
  { line: GENERATE, input: '\ufeffonce\r\n', stdout: { text: {} } },
  { line: GENERATE, input: 'once\n\n', stdout: { text: { prompt: 'once\n' } } },
  { line: `${GENERATE} --keep-newline`, input: 'once\n', stdout: { text: { prompt: 'once\n' } } },
  { line: `${GENERATE} -f line.txt`, stdout: { text: {} } },
  { line: `${GENERATE} -f line.txt --keep-newline`, stdout: { text: { prompt: 'once\n' } } },
  { line: `${GENERATE} -p once`, input: 'not asked for', stdout: { text: {} } },
  { line: `${GENERATE} -f once.txt`, input: 'not asked for', stdout: { text: {} } },
  { line: `${GENERATE} - -p ce`, input: 'on\n', stdout: { text: {} } },
  { line: `${GENERATE} -p on -`, input: 'ce\n', stdout: { text: {} } },
  { line: `${GENERATE} -pon -f - -p ce`, input: 'on', stdout: { text: {} } },
  {
    line: `${GENERATE} --prompt=, -f once.txt --stats=s -`,
    input: '!',
    stdout: { text: { prompt: ',once!' } },
  },
  { line: `${GENERATE} - -f -`, input: 'on', code: 2, stderr: error('stdin can be .* only once') },
  {
    line: `${GENERATE} -p ,`,
    env: { FLASHINF_FILE: 'once.txt' },
    stdout: { text: { prompt: 'once,' } },
  },
  { line: `${GENERATE} -p é🐈`, stdout: { text: { prompt: 'é🐈' } } },
  { line: GENERATE, code: 2, stderr: 'error: no prompt: give one with -p or -f, or pipe one in\n' },
  { line: GENERATE, input: '', code: 2, stderr: error('the prompt is empty') },
  { line: 'generate -m words -n 1 -s 1 --json', input: '', stdout: { json: { timings: { prompt_n: 1 } } } },
  { line: `${GENERATE} once`, code: 2, stderr: error('unexpected argument "once": the prompt goes with -p') },
  {
    line: `${GENERATE} -f no.txt`,
    code: 2,
    stderr: 'error: cannot read no.txt: no such file or directory\n',
  },
  {
    line: `${GENERATE} -f latin.txt`,
    code: 2,
    stderr: error('latin.txt is not valid UTF-8 text: byte 1 is not; iconv -f latin1'),
  },
  {
    line: GENERATE,
    input: Uint8Array.of(0x80),
    code: 2,
    stderr: error('stdin is not valid UTF-8 text: byte 0'),
  },
];

/** How long it gets, and where it stops. */
const LENGTHS: readonly Case[] = [
  { line: 'generate -m words -p once -s 2 -n -1 --json', stdout: { json: { stop_type: 'eos' } } },
  {
    line: 'generate -m words -p once -s 2 -n 400 --ignore-eos --jsonl',
    // None of them is the end, 63, which one token in 64 would be.
    stdout: /^(\{"token":([0-9]|[1-5][0-9]|6[0-2]),"text":.*\n){400}\{.*"stop_type":"limit".*\n$/,
  },
  {
    line: 'generate -m words -n 200 --batch endless.jsonl',
    stdout: { lines: [{ stop_type: 'limit', timings: { predicted_n: 200 } }, {}] },
  },
  {
    line: `${ONCE} -n -1 -c 30 --json`,
    stdout: { json: { stop_type: 'limit', timings: { predicted_n: 26 } } },
  },
  { line: `${ONCE} --stop never --stop comes`, stdout: { text: { stop: ['never', 'comes'] } } },
  {
    line: `${ONCE} -n 0`,
    code: 2,
    stderr: error('--n-predict must be -1 or at least 1; 0 is for --logprobs'),
  },
  {
    line: `${ONCE} -n 0 --json --logprobs 0`,
    stdout: { json: { tokens: [], prompt_logprobs: [{ piece: 'n' }, { piece: 'c' }, { piece: 'e' }] } },
  },
  { line: `${ONCE} --ignore-eos --allow ACGT`, stdout: { text: { allow: 'ACGT' } } },
  { line: `${ONCE} --allow é`, stdout: { text: { allow: 'é' } } },
  { line: `${ONCE} -n -2`, code: 2, stderr: error('Expected a whole number of at least -1') },
  { line: `${ONCE} -n 1.5`, code: 2, stderr: error('Expected a whole number') },
  { line: `${ONCE} -n 131072`, code: 2, stderr: error('-n can be at most 131069, not 131072') },
  { line: `${ONCE} --stop=`, code: 2, stderr: error('--stop needs a text that is not empty') },
];

const SAMPLING: readonly Case[] = [
  { line: `${ONCE} --temp 0`, stdout: { text: { sampling: { temperature: 0 } } } },
  { line: `${ONCE} --temp 1.7`, stdout: { text: { sampling: { temperature: 1.7 } } } },
  { line: `${ONCE} --top-k 3`, stdout: { text: { sampling: { topK: 3 } } } },
  { line: `${ONCE} --top-k 0 --top-p 0.5`, stdout: { text: { sampling: { topK: 0, topP: 0.5 } } } },
  { line: `${ONCE} --min-p 0.9`, stdout: { text: { sampling: { minP: 0.9 } } } },
  {
    line: `${ONCE} --repeat-penalty 3 --repeat-last-n 2`,
    stdout: { text: { sampling: { repeatPenalty: 3, repeatLastN: 2 } } },
  },
  { line: `${ONCE} -s 4294967295`, stdout: { text: { seed: 4294967295 } } },
  { line: `${ONCE} --temp -1`, code: 2, stderr: error('Expected a number of at least 0') },
  { line: `${ONCE} --temp NaN`, code: 2, stderr: error('Expected a number') },
  { line: `${ONCE} --temp 1e999`, code: 2, stderr: error('Expected a number') },
  { line: `${ONCE} --top-k 2.5`, code: 2, stderr: error('Expected a whole number') },
  { line: `${ONCE} --top-p 1.5`, code: 2, stderr: error('Expected a number above 0, at most 1') },
  { line: `${ONCE} --min-p 2`, code: 2, stderr: error('Expected a number from 0 to 1') },
  { line: `${ONCE} --repeat-penalty 0`, code: 2, stderr: error('Expected a number above 0') },
  { line: `${ONCE} --repeat-last-n -2`, code: 2, stderr: error('Expected a whole number of at least -1') },
  { line: `${ONCE} -s 4294967296`, code: 2, stderr: error('from 0 to 4294967295') },
];

/** In what form it comes. */
const OUTPUT: readonly Case[] = [
  { line: `${ONCE} --echo`, stdout: { text: { before: 'once' } } },
  { line: `${ONCE} --raw --top-k 1`, stdout: { text: { raw: true, sampling: { topK: 1 } } } },
  {
    line: `${ONCE} --json --logprobs 2`,
    stdout: {
      json: {
        stop_type: 'limit',
        stopping_word: null,
        seed: 1,
        model: { name: 'tiny' },
        device: 'cpu',
        mixer: 'tiled',
        timings: { prompt_n: 4, predicted_n: 8 },
        logprobs: Array(8).fill({ top: [{}, {}] }),
      },
    },
  },
  {
    line: `${ONCE} -n 2 --jsonl --logprobs 0`,
    stdout: { lines: [{ top: [] }, { top: [] }, { stop_type: 'limit', seed: 1 }] },
  },
  {
    line: `${ONCE} --stats`,
    stdout: { text: {} },
    stderr: /^model +tiny on cpu, tiled mixer, \d+ thread\(s\), seed 1\n(\w+ +.*\n){5}$/,
  },
  { line: `${ONCE} --stats=stats.json`, stdout: { text: {} }, files: { 'stats.json': /"seed": 1,/ } },
  { line: `${ONCE} --stats=no/stats.json`, stdout: { text: {} }, code: 4, stderr: error('no/stats.json') },
  { line: `${ONCE} --json --jsonl`, code: 2, stderr: error('--jsonl does not go with --json') },
  { line: `${ONCE} --json --echo`, code: 2, stderr: error('--echo does not go with --json') },
  { line: `${ONCE} --logprobs 3`, code: 2, stderr: error('--logprobs needs --json or --jsonl or --batch') },
  { line: `${ONCE} --json --logprobs 101`, code: 2, stderr: error('from 0 to 100') },
  { line: ONCE, to: '/dev/full', code: 4, stderr: error('cannot write to stdout: no space left on device') },
];

const STATES: readonly Case[] = [
  {
    line: `${ONCE} --save-state new-state -c 30`,
    stdout: { text: {} },
    files: { 'new-state': /^flashinf state\n/ },
  },
  { line: 'generate -m bytes --load-state state --json', stdout: { json: { timings: { predicted_n: 4 } } } },
  {
    line: 'generate -m bytes --load-state state -n 9 --json',
    stdout: { json: { seed: 1, timings: { predicted_n: 9 } } },
  },
  {
    line: 'generate -m bytes --load-state state -n 10',
    code: 2,
    stderr: error('has room for 9 more tokens, not 10'),
  },
  {
    line: 'generate -m bytes --load-state state -p x',
    code: 2,
    stderr: error('a saved state has its prompt'),
  },
  {
    line: 'generate -m bytes --load-state state --seed 3',
    code: 2,
    stderr: error('a saved state has its own'),
  },
  { line: 'generate -m words --load-state state', code: 3, stderr: error('expected a state of tiny') },
  { line: 'generate -m bytes --load-state cut', code: 3, stderr: error('cut short') },
  { line: 'generate -m bytes --load-state once.txt', code: 3, stderr: error('another kind of file') },
  { line: 'generate -m bytes --load-state none', code: 3, stderr: error('nothing there') },
  { line: `${ONCE} --save-state no/state`, code: 4, stderr: error('cannot write no/state') },
  { line: `${ONCE} --ctx-size 131073`, code: 2, stderr: error("exceeds the model's context of 131072") },
  { line: `${ONCE} --ctx-size 11`, code: 2, stderr: error('--ctx-size is 11') },
];

const BATCHES: readonly Case[] = [
  {
    line: 'generate -m bytes -n 4 --batch batch.jsonl --batch-size 2',
    stdout: {
      lines: [
        { index: 0, id: 'a', stop_type: 'limit' },
        { index: 1, id: 'b', timings: { predicted_n: 4 } },
      ],
    },
  },
  {
    line: 'generate -m bytes -n 4 --batch bad.jsonl',
    code: 1,
    stdout: {
      lines: [{ id: 'a' }, { id: 'b', error: 'line 2: prompt: expected a text or a list of token ids' }],
    },
    stderr: 'error: 1 of 2 items failed: the output says why\n',
  },
  {
    line: 'generate -m bytes --batch none',
    code: 2,
    stderr: 'error: cannot read none: no such file or directory\n',
  },
  { line: 'generate --batch batch.jsonl -p x', code: 2, stderr: error('--prompt does not go with --batch') },
  {
    line: 'generate --batch batch.jsonl --mixer lazy',
    code: 2,
    stderr: error('--mixer lazy does not go with'),
  },
  { line: 'generate --batch batch.jsonl --batch-size 0', code: 2, stderr: error('from 1 to 256') },
  { line: `${ONCE} --batch-size 2`, code: 2, stderr: error('--batch-size needs --batch') },
];

const COMPUTING: readonly Case[] = [
  { line: `${ONCE} --mixer lazy --key-values float32`, stdout: { text: {} } },
  { line: `${ONCE} --key-values float16`, code: 1, stderr: error('the model has no attention') },
  { line: `${ONCE} --mixer eager --threads 1`, stdout: { text: {} } },
  { line: `${ONCE} --mixer tiled -t 3 --device cpu`, stdout: { text: {} } },
  { line: `${ONCE} --memory 64M`, stdout: { text: {} } },
  {
    line: `${ONCE} --memory 1K`,
    code: 1,
    stderr: error('tiled mixer .* needs .*, more than the 1024 bytes'),
  },
  { line: `${ONCE} --memory lots`, code: 2, stderr: error('Expected a size like 500M') },
  { line: `${ONCE} --mixer fast`, code: 2, stderr: error('lazy, eager, tiled') },
  { line: `${ONCE} --threads 0`, code: 2, stderr: error('from 1 to 256') },
  { line: `${ONCE} --device tpu`, code: 2, stderr: error('auto, cpu, cuda, webgpu') },
  ...(hasCuda()
    ? []
    : [
        {
          line: `${ONCE} --device cuda`,
          code: 1,
          stderr: error('no CUDA provider .*`flashinf devices` says how'),
        },
      ]),
  { line: 'devices', stdout: /^cpu +works: ONNX Runtime \d[^]*\nchosen +c/ },
  { line: 'devices --json --verbose', stdout: { json: { runtime: '1.29.0' } } },
  { line: 'generate -m none -p once', code: 3, stderr: error('none: expected a model bundle') },
  { line: 'generate -m once.txt -p once', code: 3, stderr: error('once.txt') },
  { line: 'generate -m broken -p once', code: 3, stderr: error('weights.safetensors') },
  { line: 'generate -m broken -p once --verbose', code: 3, stderr: traced('BundleError') },
];

const SIGNALS: readonly Case[] = [
  { line: `${ONCE} -n 100000`, signal: 'SIGINT', code: 130, stdout: /^[^]+$/ },
  { line: `${ONCE} -n 100000`, signal: 'SIGTERM', code: 143, stdout: /^[^]+$/ },
  {
    line: `${ONCE} -n 100000 --save-state interrupted`,
    signal: 'SIGINT',
    code: 130,
    stdout: /^[^]+$/,
    files: { interrupted: /^flashinf state\n/ },
  },
];

const ENVIRONMENT: readonly Case[] = [
  {
    line: ONCE,
    env: { FLASHINF_TEMP: '0', FLASHINF_TOP_K: '0', FLASHINF_REPEAT_LAST_N: '0' },
    stdout: { text: { sampling: { temperature: 0, topK: 0, repeatLastN: 0 } } },
  },
  { line: 'generate -m bytes -n 8 -p once', env: { FLASHINF_SEED: '0' }, stdout: { text: { seed: 0 } } },
  { line: `${ONCE} --jsonl`, env: { FLASHINF_LOGPROBS: '0' }, stdout: /"top":\[\]/ },
  {
    line: 'generate -m bytes -p once',
    env: { FLASHINF_N_PREDICT: '0' },
    code: 2,
    stderr: error('n-predict'),
  },
  { line: ONCE, env: { FLASHINF_THREADS: '0' }, code: 2, stderr: error('FLASHINF_THREADS.*from 1') },
  {
    line: ONCE,
    env: { FLASHINF_STOP: 'no', FLASHINF_JSON: 'no', FLASHINF_ECHO: 'OFF', FLASHINF_STATS: '0' },
    stdout: { text: { stop: ['no'] } },
  },
  { line: ONCE, env: { FLASHINF_STATS: '1' }, stdout: { text: {} }, stderr: /^model / },
  {
    line: 'generate -p once -n 8 -s 1 -m bytes',
    env: { FLASHINF_SAVE_STATE: '', FLASHINF_BATCH: '', FLASHINF_LOAD_STATE: '', FLASHINF_FILE: '' },
    stdout: { text: {} },
  },
  {
    line: 'generate -p once',
    env: { FLASHINF_MODEL: 'bytes', FLASHINF_N_PREDICT: '8', FLASHINF_SEED: '1', FLASHINF_JSON: '0' },
    stdout: { text: {} },
  },
  { line: ONCE, env: { FLASHINF_SEED: '5', FLASHINF_ECHO: '1' }, stdout: { text: { before: 'once' } } },
  { line: ONCE, env: { FLASHINF_TOP_P: '7' }, code: 2, stderr: error('FLASHINF_TOP_P.*at most 1') },
];

/** What people type who know other programs. */
const HINTS: readonly Case[] = [
  { line: 'generat', code: 2, stderr: error("unknown command 'generat'.*generate") },
  { line: 'run', code: 2, stderr: error("unknown command 'run' \\(here: generate\\)") },
  { line: `${ONCE} --tempp 1`, code: 2, stderr: error("unknown option '--tempp'.*--temp") },
  { line: `${ONCE} --temperature 1`, code: 2, stderr: error('here: --temp') },
  { line: `${ONCE} --silent-prompt`, code: 2, stderr: error('not printed unless --echo') },
  { line: `${ONCE} --top_k 1`, code: 2, stderr: error('here: --top-k') },
  { line: `${ONCE} -n`, code: 2, stderr: error('argument missing') },
];

/** Files of sequences. */
const DNA = 'generate -m dna --ignore-eos -n 5 -s 1';
const SEQUENCES: readonly Case[] = [
  {
    line: `${DNA} --format fasta -f two.fa --samples 2 --batch-size 3 --allow ACGT --input-format fasta`,
    stdout:
      /^>a\/1 seed=1 stop=limit prompt=8\n[ACGT]{5}\n>a\/2 seed=2 [^\n]*\n[ACGT]{5}\n>b\/1 [^]*>b\/2 [^]*$/,
    stderr: /^lower case \(soft-masked\) .*\(first in record 2 "b" \(line 4\)\)\nU is taken as T .*\n$/,
  },
  {
    line: `${DNA} --format fasta -p ACGRN --ambiguous-as-n --echo`,
    stdout: /^>1 seed=1 stop=limit prompt=5\nACGNN[ACGTN]{5}\n$/,
    stderr: /^IUPAC codes .* are taken as N .*\n$/,
  },
  {
    line: `${DNA} --format fasta -`,
    input: '>x\nACGX\n',
    code: 1,
    stderr: /^record 1 "x" \(line 1\): base 4: .*\nerror: /,
  },
  { line: `${DNA} --format fasta`, input: '', code: 2, stderr: error('no sequences') },
  { line: `${DNA}`, input: '>x\nAC\nGT\n', stdout: /^[ACGTN]{5}$/ },
  { line: `${DNA} -f two.fa`, code: 2, stderr: error('--format fasta continues each') },
  { line: `${DNA} --format fasta --json -p A`, code: 2, stderr: error('--json does not go with --format') },
  {
    line: `${DNA} --samples 2 -p A`,
    code: 2,
    stderr: error('--samples needs --batch or --format or --json'),
  },
  {
    line: `${DNA} --samples 2 -p acg --json`,
    stdout: {
      lines: [
        { index: 0, sample: 1, seed: 1 },
        { index: 0, sample: 2, seed: 2 },
      ],
    },
    stderr: /^lower case/,
  },
  {
    line: `${DNA} --batch -`,
    input: '{"prompt":[7,8],"samples":2,"id":"a"}\n{"prompt":"ACGT","allow":"T"}\n{"prompt":"AX"}\n',
    code: 1,
    stdout: {
      lines: [
        { index: 0, id: 'a', sample: 1 },
        { index: 0, id: 'a', sample: 2 },
        { index: 1, text: 'TTTTT' },
        { index: 2, error: 'line 3: prompt: base 2: expected A, C, G, T or N, got "X"' },
      ],
    },
    stderr: error('1 of 4 items failed'),
  },
  {
    line: 'score -m dna --header -t 1 --device cpu --key-values float32 two.fa',
    stdout: /^name\ttokens\tlog_likelihood\tmean\tbits_per_base\na\t8(\t-?[\d.]+){3}\nb\t4(\t-?[\d.]+){3}\n$/,
    stderr: /^lower case[^]*U is taken as T/,
  },
  {
    line: 'score --model dna --both-strands --jsonl --logprobs --threads 1 --ambiguous-as-n -',
    input: 'ACGT\r\n\nACRT\nAC\n',
    stdout: {
      lines: [
        {
          index: 0,
          name: '1',
          tokens: 4,
          predicted: 3,
          logprobs: [0, 0, 0].map(() => expect.any(Number) as unknown),
        },
        { name: '2', reverse_logprobs: [0, 0, 0].map(() => expect.any(Number) as unknown) },
        { name: '3', tokens: 2 },
      ],
    },
    stderr: /^IUPAC codes/,
  },
  {
    line: 'score -m dna --input-format lines -',
    input: `ACGT\n>\n${'A'.repeat(65)}\n${'A'.repeat(64)}\n`,
    code: 1,
    stdout: /^1\t4\t.*\n2(\tNA){4}\n3(\tNA){4}\n4\t64\t.*\n$/,
    stderr:
      /^record 2 \(line 2\): base 1: .*\nrecord 3 \(line 3\): its 65 tokens are more than .*64\nerror: 2 of 4 records/,
  },
  { line: 'score -m bytes once.txt', stdout: /^1\t4\t-/ },
  { line: 'score -m bytes --both-strands once.txt', code: 2, stderr: error('for models of DNA') },
  { line: 'score -m dna --logprobs two.fa', code: 2, stderr: error('--logprobs needs --jsonl') },
  { line: 'score -m dna /dev/null', code: 2, stderr: error('/dev/null has no records') },
  { line: 'score -m dna none.fa --verbose', code: 2, stderr: traced('UsageError') },
  { line: 'score -m dna two.fa', to: '/dev/full', code: 4, stderr: /cannot write to stdout/ },
  {
    line: 'eval -m dna --batch two.fa --input-format fasta --json --ambiguous-as-n',
    stdout: { lines: [{ name: 'a' }, { name: 'b' }] },
    stderr: /^lower case/,
  },
  {
    line: 'eval -m dna -',
    input: '>a\nACGT\n',
    stdout: /^\| position +\| +tokens \| +bases \| +bits per base \|/,
  },
  {
    line: 'embed -m dna two.fa -o mean.npy -t 1 --device cpu --key-values float32',
    stdout: 'a\t8\nb\t4\n',
    stderr: /^lower case/,
    files: {
      'mean.npy':
        /^.NUMPY[^]{4}\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 16\), \} *\n[^]{128}$/,
    },
  },
  {
    line: 'embed --model dna --pool none --layer 1 --output all.safetensors --input-format fasta --threads 1 two.fa',
    stdout: 'a\t8\nb\t4\n',
    stderr: /^lower case/,
    files: {
      'all.safetensors': /"a":\{"dtype":"F32","shape":\[8,16\][^]*"b":\{"dtype":"F32","shape":\[4,16\]/,
    },
  },
  {
    line: 'embed -m dna --pool last -o last.safetensors --ambiguous-as-n -',
    input: 'ACGR\n',
    stdout: '1\t4\n',
    stderr: /^IUPAC/,
    files: { 'last.safetensors': /"names":"\[\\"1\\"\]"[^]*"embeddings":\{"dtype":"F32","shape":\[1,16\]/ },
  },
  {
    line: 'embed -m dna --pool none -o two.npy two.fa',
    code: 2,
    stdout: 'a\t8\n',
    stderr: /takes one record for .npy/,
  },
  { line: 'embed -m dna -o x.bin two.fa', code: 2, stderr: error('ends in .npy or .safetensors') },
  { line: 'embed -m dna -o x.npy --layer 9 two.fa', code: 2, stderr: error('the model has 2 layers') },
  { line: 'embed -m dna -o no/x.npy two.fa', code: 4, stderr: error('cannot write no/x.npy') },
  {
    line: 'embed -m dna -o x.npy --head safari.safetensors two.fa',
    code: 3,
    stderr: error('one head of a classifier'),
  },
  { line: 'embed -m dna -o x.npy none.fa --verbose', code: 2, stderr: traced('UsageError') },
];

const GENERAL: readonly Case[] = [
  { line: '', code: 2, stderr: USAGE },
  { line: '--help', stdout: USAGE },
  { line: '-h', stdout: USAGE },
  { line: '--version', stdout: /^\d+\.\d+\.\d+\n$/ },
  { line: '-V', stdout: /^\d+\.\d+\.\d+\n$/ },
  { line: 'help eval', stdout: /^Usage: flashinf eval / },
  ...[
    'generate',
    'score',
    'embed',
    'bench',
    'eval',
    'import',
    'export',
    'inspect',
    'tokenize',
    'completion',
  ].flatMap((name) =>
    ['--help', '-h'].map((flag) => ({
      line: `${name} ${flag}`,
      stdout: new RegExp(`^Usage: flashinf ${name} [^]*\\nExamples:\\n`),
    })),
  ),
];

const EVAL: readonly Case[] = [
  { line: 'eval -m bytes once.txt', stdout: TABLE },
  { line: 'eval --model bytes -', input: 'once upon a time', stdout: TABLE },
  {
    line: 'eval -m bytes --json --length 3 --device cpu -t 1 once.txt',
    stdout: { json: { model: 'tiny', tokens: 2, bytes: 2, stretches: 2 } },
  },
  { line: 'eval -m bytes --json --stretches 2 --threads 2 once.txt', stdout: { json: { stretches: 2 } } },
  {
    line: 'eval -m bytes --ids 7,8,9 --logits logits.st --hidden hidden.st',
    files: { 'logits.st': /"logits"/, 'hidden.st': /"hidden"/ },
  },
  {
    line: 'eval -m bytes --ids ids.txt --logits steps.st --stepwise --mixer lazy',
    files: { 'steps.st': /"logits"/ },
  },
  { line: 'eval', code: 2, stderr: error('missing required argument: a file, or --ids') },
  { line: 'eval -m bytes /dev/null', code: 2, stderr: 'error: /dev/null is empty\n' },
  { line: 'eval -m bytes --ids 7', code: 2, stderr: error('nothing to predict') },
  { line: 'eval -m bytes --length 1 once.txt', code: 2, stderr: error('at least 2') },
  { line: 'eval -m bytes --ids 7,256', code: 2, stderr: error('id 1 is 256, the model') },
  { line: 'eval -m bytes --ids 7 once.txt', code: 2, stderr: error('either a file or --ids') },
  { line: 'eval -m bytes --length 131073 once.txt', code: 2, stderr: error('context of 131072') },
  { line: 'eval -m bytes --ids 7 --stepwise', code: 2, stderr: error('--stepwise goes with --logits') },
  { line: 'eval -m bytes --ids 7,8 --logits no/x', code: 4, stderr: error('cannot write no/x') },
  {
    line: 'eval -m bytes none.txt --verbose',
    code: 2,
    stderr: traced('UsageError'),
  },
];

const CHECKPOINTS: readonly Case[] = [
  {
    line: 'import tiny -o new-tiny',
    stderr: /^read +tiny\/model\.safetensors .*\n[^]*context 4096; 19,712 parameters\n/,
    files: { 'new-tiny/config.json': /"name": "tiny"/ },
  },
  {
    line: [
      'import huggingface.safetensors --output hf --json --name mine --config settings.json --family hyenadna',
      '--shift 0.25 --modulate on --norm-eps 1e-4 --tokenizer characters',
    ].join(' '),
    stdout: {
      json: {
        config: {
          name: 'mine',
          model: { norm: { kind: 'layer', epsilon: 1e-4 }, context: 48 },
          filter: { shift: 0.25 },
          tokenizer: { kind: 'characters' },
        },
      },
    },
  },
  {
    line: 'import safari.safetensors -o safari --context 48 --modulate off --family safari --json',
    stdout: { json: { config: { model: { context: 48 }, filter: { modulate: false } } } },
  },
  {
    line: 'import order3.safetensors -o order3 --filter-layout stacked --json',
    stdout: { json: { config: { model: { layers: [{ mixer: { kind: 'hyena', order: 3 } }, {}] } } } },
  },
  {
    line: 'import tiny -o renamed --name other --rope-scale 4 --without-fp8',
    stderr: /\nnote +ignored, as its config says everything: name, ropeScale, withoutFp8\n/,
  },
  {
    line: 'import safari.safetensors -o none --rope-scale 4',
    code: 2,
    stderr: error('--rope-scale means nothing for a Hyena model'),
  },
  {
    line: 'import huggingface.safetensors -o stem --stem ema.backbone.',
    code: 3,
    stderr: error('ema.backbone'),
  },
  { line: 'import tiny -o bytes', code: 2, stderr: 'error: bytes exists; --force replaces it\n' },
  { line: 'import tiny -o once.txt --force', code: 2, stderr: error('once.txt is not a directory') },
  { line: 'import once.txt -o none', code: 3, stderr: error('once.txt: expected') },
  { line: 'import once.txt -o none --verbose', code: 3, stderr: traced('BundleError') },
  { line: 'import tiny', code: 2, stderr: error('required option') },
  { line: 'import -o x', code: 2, stderr: error('missing required argument') },
  { line: 'import tiny -o x --shift much', code: 2, stderr: error('Expected a number') },
  {
    line: 'export bytes -o bytes.safetensors',
    stderr: /^bytes\.safetensors: \d+ tensors, \d\.\d MB\n$/,
    files: { 'bytes.safetensors': /"backbone\.embeddings/ },
  },
  {
    line: 'export bytes --output stem.safetensors --stem model.backbone.',
    stderr: /tensors/,
    files: { 'stem.safetensors': /"model\.backbone\.embeddings/ },
  },
  { line: 'export bytes -o onnx --onnx', stderr: 'onnx: 6 graphs and their weights\n' },
  {
    line: 'export bytes -o tiny --onnx --force',
    code: 2,
    stderr: error('tiny is not a bundle: nothing is replaced'),
  },
  {
    line: 'export bytes -o named --onnx --stem x.',
    code: 2,
    stderr: error('--stem does not go with --onnx'),
  },
  { line: 'export bytes -o once.txt', code: 2, stderr: 'error: once.txt exists; --force replaces it\n' },
  { line: 'export bytes -o no/x', code: 4, stderr: error('cannot write no/x') },
  { line: 'export bytes -o ids.txt --force --stem x', code: 2, stderr: error('--stem: expected') },
  { line: 'export broken -o x --verbose', code: 3, stderr: traced('BundleError') },
  { line: 'import tiny -o tiny-4 --bits 4', stderr: /\nweights +4 bits\n/ },
  {
    line: 'quantize bytes -o bytes-8',
    stdout:
      /^\| matrix +\|[^]*\| embeddings +\| 256 x 32 \| +8 bits, blocks of 32 \|[^]*\nbytes-8: 0\.1 MB, before /,
  },
  {
    line: 'quantize bytes --output bytes-4 --bits 4 --text once.txt --json -t 1 --device cpu --force',
    stdout: { json: { bundle: 'bytes-4', bits: 4, bits_per_byte: expect.any(Number) as number } },
  },
  { line: 'quantize bytes -o words', code: 2, stderr: 'error: words exists; --force replaces it\n' },
  { line: 'quantize bytes -o bytes --force', code: 2, stderr: error('bytes is the bundle that is read') },
  { line: 'quantize bytes -o x --bits 5', code: 2, stderr: error('Allowed choices are 8, 4') },
  { line: 'quantize bytes -o once.txt/x --threads 1', code: 4, stderr: error('cannot write once.txt/x') },
  { line: 'quantize broken -o x --verbose', code: 3, stderr: traced('BundleError') },
];

const OTHERS: readonly Case[] = [
  { line: 'tokenize -m bytes once', stdout: /^\| id +\| piece \|\n[^]*"o"/ },
  { line: 'tokenize on -m bytes --json', stdout: { json: { ids: [111, 110] } } },
  { line: 'tokenize --model bytes -f once.txt --json', stdout: { json: { ids: [111, 110, 99, 101] } } },
  { line: 'tokenize -m bytes --file - --json', input: '🐈', stdout: { json: { ids: [240, 159, 144, 136] } } },
  { line: 'tokenize -m bytes --json', input: 'o\n', stdout: { json: { ids: [111] } } },
  { line: 'tokenize -m bytes --json --keep-newline', input: 'o\n', stdout: { json: { ids: [111, 10] } } },
  { line: 'tokenize -m bytes --decode 111,110', stdout: 'on' },
  { line: 'tokenize -m bytes --decode', input: '[111, 110]', stdout: 'on' },
  { line: 'tokenize -m bytes --decode seven', code: 2, stderr: error('expected token ids, got "seven"') },
  { line: 'tokenize -m bytes --decode 256', code: 2, stderr: error('id 256 is not one of 0 to 255') },
  {
    line: 'tokenize -m bytes -f none',
    code: 2,
    stderr: 'error: cannot read none: no such file or directory\n',
  },
  { line: 'tokenize -m bytes', code: 2, stderr: error('nothing to tokenize') },
  { line: 'tokenize -m none x --verbose', code: 3, stderr: traced('BundleError') },
  {
    line: 'inspect -m bytes',
    stdout:
      /^model +tiny\n[^]*\nscoring +131072 tokens takes about [\d.]+ MiB[^]*weights\.safetensors[^]*embeddings +\| +F32/,
  },
  {
    line: 'inspect --model bytes --json --len 1000 --mixer lazy -t 1 --device cpu',
    stdout: { json: { model: { vocabulary: 256 }, generation: { length: 1000, mixer: 'lazy' } } },
  },
  {
    line: 'inspect -m bytes --plan --len 2000 --memory 1G -t 1',
    stdout: /^\| tile side [^]*\| 1024 +\| delayed +\| +\| recomputed \|[^]* MiB: slots /,
  },
  { line: 'inspect -m bytes --plan --json', stdout: JSON_OBJECT },
  { line: 'inspect -m bytes --plan --mixer lazy', code: 2, stderr: error('has no tiles') },
  {
    line: 'inspect -m bytes --memory 1K',
    code: 1,
    stderr: error('at least \\d+ bytes .* more than the 1024 bytes'),
  },
  { line: 'inspect -m bytes --len 0', code: 2, stderr: error('at least 1') },
  { line: 'inspect -m broken --threads 2 --verbose', code: 3, stderr: traced('BundleError') },
  {
    line: 'tune --json',
    env: { XDG_CACHE_HOME: 'cache' },
    stdout: JSON_OBJECT,
    files: { 'cache/flashinf/costs.json': /"cpu": / },
  },
  { line: 'tune --verbose', env: { XDG_CACHE_HOME: 'once.txt' }, code: 4, stderr: traced('OutputError') },
  { line: 'completion bash', stdout: /^# bash completion for flashinf/ },
  { line: 'completion zsh', stdout: /^#compdef flashinf/ },
  { line: 'completion fish', stdout: /^# fish completion for flashinf/ },
  { line: 'completion tcsh --verbose', code: 2, stderr: error('bash, zsh, fish') },
];

const BENCH: readonly Case[] = [
  {
    line: 'bench --len 64 --width 8 --layers 1,2 --samples 2 --seed 3 --no-end-to-end --threads 1 --budget 1s --json',
    stdout: { json: { format: 'flashinf bench', version: 1, endToEnd: null } },
  },
  {
    line: 'bench -m bytes --len 20 --full -s 1 -t 1 --device cpu --quick --budget 500ms -o csv',
    stdout: /^section,variant,[^]*\nmixing,eager,1,256,20,1,1,false,[^]*\nend to end,lazy,/,
  },
  {
    line: 'bench -m bytes --len 20 --lanes 1,3 --mixers flat -t 1 --samples 2 --budget 1s',
    stdout: /20 positions, 3 sequences\n[^]*\| flat, 3 texts /,
  },
  {
    line: 'bench --synthetic M=2,D=16 --len 20 --mixers flat -t 1 --budget 1s --json',
    stdout: { json: { endToEnd: { model: 'synthetic M=2 D=16', convolutions: 2, width: 16 } } },
  },
  { line: 'bench --synthetic 18x256', code: 2, stderr: error('--synthetic takes M=LAYERS,D=CHANNELS') },
  { line: 'bench --model none --len 20 --verbose', code: 3, stderr: traced('BundleError') },
  { line: 'bench -m bytes --len 1M', code: 2, stderr: error("exceeds the model's context") },
  {
    line: 'bench --no-end-to-end --len 16..64 --width 8 --mixers lazy,flat --memory 1G -t 2 --budget 1s --plot --svg pictures --report page.html --output md',
    stdout: /^# [^]*!\[[^]*\(pictures\/ratio\.svg\)[^]*\| flat, 2 threads [^]*Memory that a mixer holds[^]*┤/,
    files: { 'page.html': /<svg [^]*id="data">/, 'pictures/memory.svg': /^<\?xml/ },
  },
  {
    line: 'bench --preset paper --no-end-to-end --memory 1M --mixers lazy --lanes 1 -t 1',
    code: 1,
    stderr: error('18 x 256 channels and 131072 positions needs'),
  },
  {
    line: 'bench --no-end-to-end --len 20 --mixers lazy --budget 1s -t 1 --report nowhere/page.html',
    code: 4,
    stdout: /^flashinf /,
    stderr: error('cannot write nowhere/page.html'),
  },
  {
    line: 'bench --step -m bytes --len 20 -t 1 --json',
    stdout: { json: { bits: 32, text: { length: 20 } } },
  },
  { line: 'bench compare once.txt --threshold 0.1', code: 2, stderr: error('compare takes two runs') },
  { line: 'bench compare none.json once.txt', code: 2, stderr: error('cannot read none.json') },
  { line: 'bench compare once.txt once.txt', code: 3, stderr: error('once.txt: expected what') },
  { line: 'bench --mixers fast', code: 2, stderr: error('lazy, eager, binary, fan-out, flat, with commas') },
  {
    line: 'bench --no-end-to-end --len 64 --memory 1K --mixers fan-out',
    code: 1,
    stderr: error('needs at least .* more than the 1024 bytes'),
  },
  { line: 'bench --len many', code: 2, stderr: error('Expected whole numbers from 2') },
  { line: 'bench --len 1', code: 2, stderr: error('from 2 to') },
  { line: 'bench --len 4K..1K', code: 2, stderr: error('from 2 to') },
  { line: 'bench --budget soon', code: 2, stderr: error('like 20s or 3m') },
];

export const CASES: readonly Case[] = [
  ...PROMPTS,
  ...LENGTHS,
  ...SAMPLING,
  ...OUTPUT,
  ...STATES,
  ...BATCHES,
  ...COMPUTING,
  ...SIGNALS,
  ...ENVIRONMENT,
  ...HINTS,
  ...SEQUENCES,
  ...GENERAL,
  ...EVAL,
  ...CHECKPOINTS,
  ...OTHERS,
  ...BENCH,
];
