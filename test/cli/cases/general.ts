/** What holds for all commands, and `eval`. */
import { type Case, USAGE, TABLE, error, traced } from './case.js';

export const GENERAL: readonly Case[] = [
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

export const EVAL: readonly Case[] = [
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
