/** `bench`. */
import { type Case, error, traced } from './case.js';

export const BENCH: readonly Case[] = [
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
  {
    line: 'bench -m dna --width 8 --mixers flat -t 1 --budget 1s --json',
    stdout: { json: { endToEnd: { length: 64 } } },
  },
  { line: 'bench -m dna --step -t 1 --json', stdout: { json: { text: { length: 64 } } } },
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
