/** `generate`: how a text is asked for, how long it gets, how it is drawn, and in what form it comes. */
import { type Case, GENERATE, ONCE, error } from './case.js';

/** How a text is asked for. */
export const PROMPTS: readonly Case[] = [
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
  {
    line: GENERATE,
    readsStdin: true,
    code: 2,
    stderr: 'error: no prompt: give one with -p or -f, or pipe one in\n',
  },
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
export const LENGTHS: readonly Case[] = [
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

export const SAMPLING: readonly Case[] = [
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
export const OUTPUT: readonly Case[] = [
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
