/** What bundles hold, what texts are made of, and what shells and planners are told. */
import { type Case, JSON_OBJECT, error, traced } from './case.js';

export const OTHERS: readonly Case[] = [
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
  { line: 'tokenize -m bytes', readsStdin: true, code: 2, stderr: error('nothing to tokenize') },
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
