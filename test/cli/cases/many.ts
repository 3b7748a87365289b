/** `generate`: texts that go on from a state, texts side by side, and texts from the shell's surroundings. */
import { hasCuda } from '../../support/cuda.js';
import { type Case, ONCE, error, traced } from './case.js';

export const STATES: readonly Case[] = [
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

export const BATCHES: readonly Case[] = [
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

export const COMPUTING: readonly Case[] = [
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
  { line: 'devices', stdout: /^cpu +works: .* ONNX Runtime \d[^]*\nchosen +c/ },
  { line: 'devices --json --verbose', stdout: { json: { runtime: '1.29.0' } } },
  { line: 'generate -m none -p once', code: 3, stderr: error('none: expected a model bundle') },
  { line: 'generate -m once.txt -p once', code: 3, stderr: error('once.txt') },
  { line: 'generate -m broken -p once', code: 3, stderr: error('weights.safetensors') },
  { line: 'generate -m broken -p once --verbose', code: 3, stderr: traced('BundleError') },
];

export const SIGNALS: readonly Case[] = [
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

export const ENVIRONMENT: readonly Case[] = [
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
export const HINTS: readonly Case[] = [
  { line: 'generat', code: 2, stderr: error("unknown command 'generat'.*generate") },
  { line: 'run', code: 2, stderr: error("unknown command 'run' \\(here: generate\\)") },
  { line: `${ONCE} --tempp 1`, code: 2, stderr: error("unknown option '--tempp'.*--temp") },
  { line: `${ONCE} --temperature 1`, code: 2, stderr: error('here: --temp') },
  { line: `${ONCE} --silent-prompt`, code: 2, stderr: error('not printed unless --echo') },
  { line: `${ONCE} --top_k 1`, code: 2, stderr: error('here: --top-k') },
  { line: `${ONCE} -n`, code: 2, stderr: error('argument missing') },
];
