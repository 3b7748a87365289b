import { VARIANTS } from '../../../bench/index.js';
import type { Call } from '../../command.js';
import {
  COMPUTE,
  EVERYWHERE,
  JSON_OPTION,
  MEMORY,
  MODEL,
  SEED,
  type CommandSpec,
} from '../../options/index.js';

const SIZES = 'What is measured (several values: 1,2,4 or 1K..128K)';
const HOW = 'How';
const OUTPUT = 'Output';

export const FORMATS = ['text', 'md', 'csv', 'json', 'jsonl'] as const;

export const BENCH = {
  name: 'bench',
  summary: 'mixers side by side, alone and in the model; or two such runs, compared',
  arguments: [
    {
      name: '[compare]',
      help: 'compare two runs, each a file of -o json or a folder of such',
      choices: ['compare'],
    },
    { name: '[old]', help: 'what it was', completes: 'file' },
    { name: '[new]', help: 'what it is now: exit code 1 if something became slower', completes: 'file' },
  ],
  options: {
    len: {
      type: 'counts',
      value: 'n',
      help: 'positions; of texts, the most of these',
      from: 2,
      to: 2 ** 26,
      default: [16384],
      defaultText: '16K',
      group: SIZES,
    },
    width: {
      type: 'counts',
      value: 'n',
      help: 'channels, for mixing alone',
      from: 1,
      to: 65536,
      default: [256],
      defaultText: '256',
      group: SIZES,
    },
    layers: {
      type: 'counts',
      value: 'n',
      help: 'convolutions, for mixing alone',
      from: 1,
      to: 1024,
      default: [1],
      defaultText: '1',
      group: SIZES,
    },
    lanes: {
      type: 'counts',
      value: 'n',
      help: 'sequences side by side',
      from: 1,
      to: 1024,
      default: [1],
      defaultText: '1',
      group: SIZES,
    },
    mixers: {
      type: 'choices',
      value: 'list',
      help: 'for mixing alone',
      choices: VARIANTS,
      default: VARIANTS,
      defaultText: 'all',
      group: SIZES,
    },
    synthetic: {
      type: 'text',
      value: 'M=m,D=d',
      help: 'texts of a model with random weights, m layers of d channels, made in a temporary folder: M=18,D=256',
      group: SIZES,
    },
    preset: {
      type: 'choice',
      value: 'name',
      help: 'sizes of the paper: 18 and 36 convolutions of 256 and 768 channels, 1 to 8 sequences, 128K; texts of the smallest',
      choices: ['paper'],
      group: SIZES,
    },
    endToEnd: { type: 'flag', negated: true, help: 'mixing alone', group: SIZES },
    step: {
      type: 'flag',
      help: 'only this: what a token costs, and how far the model’s step is from reading its weights',
      group: SIZES,
    },
    budget: {
      type: 'duration',
      value: 'time',
      help: 'time to take: fewer samples on a slower machine',
      default: 180_000,
      defaultText: '3m',
      group: HOW,
    },
    quick: { type: 'flag', help: 'a first answer, within 20 seconds: --budget 15s', group: HOW },
    samples: {
      type: 'integer',
      value: 'n',
      help: 'places at which lazy and eager are measured',
      from: 1,
      default: 32,
      group: HOW,
    },
    full: {
      type: 'flag',
      help: 'measure lazy and eager at every position, however long that takes',
      group: HOW,
    },
    seed: { ...SEED, help: 'of inputs and text', default: 1, group: HOW },
    output: {
      type: 'choice',
      short: 'o',
      value: 'format',
      help: 'what to print',
      choices: FORMATS,
      default: 'text',
      group: OUTPUT,
    },
    json: { ...JSON_OPTION.json, help: 'the same as -o json', group: OUTPUT },
    report: {
      type: 'text',
      value: 'file',
      help: 'write a page with tables, pictures and data, to be opened in a browser',
      completes: 'file',
      group: OUTPUT,
    },
    svg: {
      type: 'text',
      value: 'dir',
      help: 'write the pictures as SVG files',
      completes: 'directory',
      group: OUTPUT,
    },
    plot: { type: 'flag', help: 'draw the pictures in the terminal', group: OUTPUT },
    threshold: {
      type: 'number',
      value: 'x',
      help: 'compare: a change smaller than this share is none',
      from: 0,
      default: 0.05,
      group: OUTPUT,
    },
    ...MODEL,
    ...COMPUTE,
    ...MEMORY,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf bench --quick', 'a first answer, in 20 seconds'],
    ['flashinf bench --len 128K --report bench.html', 'at the shipped model’s full context, with pictures'],
    ['flashinf bench --step -t 1', 'what a token takes, and where it goes'],
    [
      'flashinf bench --synthetic M=18,D=256 --len 16K',
      'a larger model, of random weights, alone and end to end',
    ],
    ['flashinf bench --no-end-to-end --width 768 --layers 12', 'the mixers alone, at another model’s size'],
    ['flashinf bench --no-end-to-end --mixers flat --lanes 1,8', 'eight sequences side by side'],
    ['flashinf bench -o json > new.json && flashinf bench compare old.json new.json', 'what became slower'],
  ],
} as const satisfies CommandSpec;

export type BenchOptions = Call<typeof BENCH>['options'];
