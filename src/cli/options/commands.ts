/** Every command but `generate`, which has a file of its own. */
import { COMPUTE, EVERYWHERE, JSON_OPTION, KEEP_NEWLINE, MEMORY, MIXER, MODEL, SEED } from './shared.js';
import type { CommandSpec } from './spec.js';

export const BENCH = {
  name: 'bench',
  summary: 'lazy, eager and tiled mixing side by side, alone and in the model',
  options: {
    len: { type: 'integer', value: 'n', help: 'positions', from: 2, default: 16384 },
    width: {
      type: 'integer',
      value: 'n',
      help: 'channels, for mixing alone',
      from: 1,
      to: 65536,
      default: 256,
    },
    layers: { type: 'integer', value: 'n', help: 'layers, for mixing alone', from: 1, to: 1024, default: 1 },
    samples: { type: 'integer', value: 'n', help: 'where lazy and eager are measured', from: 1, default: 32 },
    seed: { ...SEED, help: 'of inputs and text', default: 1 },
    mixers: {
      type: 'choices',
      value: 'list',
      help: 'for mixing alone',
      choices: ['lazy', 'eager', 'binary', 'tiled', 'flat'],
      default: ['lazy', 'eager', 'binary', 'tiled'],
      defaultText: 'lazy,eager,binary,tiled',
    },
    lanes: {
      type: 'integer',
      value: 'n',
      help: 'measure n sequences side by side as well, the last mixer’s and the model’s',
      from: 1,
      to: 1024,
      default: 1,
    },
    endToEnd: { type: 'flag', negated: true, help: 'mixing alone' },
    full: { type: 'flag', help: 'measure lazy and eager at every position, not sampled: slow' },
    ...JSON_OPTION,
    ...MODEL,
    ...COMPUTE,
    ...MEMORY,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf bench', 'a minute'],
    ['flashinf bench --len 131072 --json > bench.json', 'at the shipped model’s full context'],
    ['flashinf bench --no-end-to-end --width 768 --layers 12', 'the mixers alone, at another model’s size'],
    ['flashinf bench --no-end-to-end --mixers flat --lanes 8', 'eight sequences side by side'],
  ],
} as const satisfies CommandSpec;

export const EVAL = {
  name: 'eval',
  summary: 'bits per byte of a text file, overall and by position; or what the model computes for it',
  arguments: [{ name: '[file]', help: "UTF-8 text of any length, '-' for stdin", completes: 'file' }],
  options: {
    ids: {
      type: 'text',
      value: 'list',
      help: "token ids instead of text: a list 7,8,9, a file of them, or '-' for stdin",
    },
    logits: {
      type: 'text',
      value: 'file',
      help: 'write the logits of every position, [time, vocabulary], as safetensors',
      completes: 'file',
    },
    hidden: {
      type: 'text',
      value: 'file',
      help: 'write the last hidden states (what the head reads), [time, d_model]',
      completes: 'file',
    },
    stepwise: { type: 'flag', help: 'compute these token by token, as generation does, not all at once' },
    length: { type: 'integer', value: 'n', help: 'tokens per stretch', from: 2, defaultText: 'the context' },
    stretches: {
      type: 'integer',
      value: 'n',
      help: 'score n stretches, evenly spaced and wrapping around',
      from: 1,
    },
    ...JSON_OPTION,
    ...MODEL,
    ...MIXER,
    ...COMPUTE,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf eval book.txt', 'bits per byte, by position'],
    ['flashinf eval --ids 7,8,9 --logits out.safetensors', 'logits, to compare with another program'],
  ],
} as const satisfies CommandSpec;

export const IMPORT = {
  name: 'import',
  summary: 'make a bundle of a checkpoint: HyenaDNA, safari, or this project’s training',
  arguments: [
    {
      name: '<checkpoint>',
      help: 'a .safetensors, .index.json, .pt, .bin or .ckpt file, or a directory that holds one',
      completes: 'file',
    },
  ],
  options: {
    output: {
      type: 'text',
      short: 'o',
      value: 'dir',
      help: 'the bundle to write',
      required: true,
      completes: 'directory',
    },
    force: { type: 'flag', help: 'replace a bundle that is there' },
    name: { type: 'text', value: 'name', help: 'the model’s name', defaultText: 'the checkpoint’s' },
    config: {
      type: 'text',
      value: 'file',
      help: 'the checkpoint’s config.json',
      defaultText: 'the one beside it',
      completes: 'file',
    },
    tokenizer: {
      type: 'text',
      value: 'file',
      help: "a tokenizer.json, or 'characters' (DNA) or 'bytes'",
      completes: 'file',
    },
    stem: {
      type: 'text',
      value: 'prefix',
      help: 'which model, where the file holds several: what its names begin with, as in ema.backbone.',
    },
    family: { type: 'choice', value: 'name', help: 'whose conventions', choices: ['hyenadna', 'safari'] },
    shift: {
      type: 'number',
      value: 'x',
      help: 'added to the filters’ window',
      defaultText: '0.05 for HyenaDNA, else 0',
    },
    modulate: {
      type: 'choice',
      value: 'switch',
      help: 'whether filters have a window',
      choices: ['on', 'off'],
    },
    filterLayout: {
      type: 'choice',
      value: 'name',
      help: 'order of the filters’ channels above order 2',
      choices: ['interleaved', 'stacked'],
    },
    context: {
      type: 'integer',
      value: 'n',
      help: 'longest filter, where the checkpoint does not hold its positions',
      from: 2,
      to: 1 << 27,
    },
    normEps: {
      type: 'number',
      value: 'x',
      help: 'epsilon of the layer norms',
      from: 0,
      to: 1,
      defaultText: '1e-5',
    },
    ...JSON_OPTION,
    ...EVERYWHERE,
  },
  examples: [['flashinf import model.safetensors -o dna', 'says what it read and what it assumed']],
} as const satisfies CommandSpec;

export const EXPORT = {
  name: 'export',
  summary: 'write a bundle’s weights to a safetensors file, in the names they came with; or its graphs',
  arguments: [{ name: '<bundle>', help: 'the bundle', completes: 'directory' }],
  options: {
    output: {
      type: 'text',
      short: 'o',
      value: 'file',
      help: 'the file to write; with --onnx, the directory',
      required: true,
      completes: 'file',
    },
    force: { type: 'flag', help: 'replace what is there, if it is a file, or written by --onnx' },
    onnx: {
      type: 'flag',
      help: 'write a directory: the bundle with its graphs as ONNX files beside the weights, for ONNX Runtime',
    },
    stem: {
      type: 'text',
      value: 'prefix',
      help: 'what names begin with, as in backbone.',
      defaultText: 'as imported',
    },
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf export dna -o weights.safetensors', 'for other programs'],
    ['flashinf export dna --onnx -o dna-onnx', 'step.onnx and the others, to be run in any ONNX Runtime'],
  ],
} as const satisfies CommandSpec;

export const INSPECT = {
  name: 'inspect',
  summary: 'what a bundle holds, and what generating a length takes',
  options: {
    len: { type: 'integer', value: 'n', help: 'tokens to generate', from: 1, defaultText: 'the context' },
    plan: { type: 'flag', help: 'print only the plan: levels, what they cost and what they take' },
    ...JSON_OPTION,
    ...MODEL,
    ...MIXER,
    ...COMPUTE,
    ...MEMORY,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf inspect --len 131072', 'memory for that many tokens'],
    [
      'flashinf inspect --plan --memory 1.5G',
      'the tiles of the whole context in 1.5 GiB, and what they cost',
    ],
  ],
} as const satisfies CommandSpec;

export const TUNE = {
  name: 'tune',
  summary:
    'measure what tiles cost on this machine, for bench, inspect --plan and plans of your own; texts stay the same',
  options: { ...JSON_OPTION, ...EVERYWHERE },
  examples: [['flashinf tune', 'ten seconds; kept in ~/.cache/flashinf, or $XDG_CACHE_HOME']],
} as const satisfies CommandSpec;

export const TOKENIZE = {
  name: 'tokenize',
  summary: 'the token ids of a text and what each stands for; with --decode, the text of ids',
  arguments: [
    { name: '[text]', help: "the text, or the ids; without it and -f, what is piped in; '-' for stdin" },
  ],
  options: {
    file: {
      type: 'text',
      short: 'f',
      value: 'file',
      help: "a file that holds them, '-' for stdin",
      completes: 'file',
    },
    ...KEEP_NEWLINE,
    decode: { type: 'flag', help: 'from ids (7,8,9) to text, and nothing else, on stdout' },
    ...JSON_OPTION,
    ...MODEL,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf tokenize "Once upon a time"', 'ids and pieces'],
    ['flashinf tokenize --decode 7,8,9', 'the way back'],
  ],
} as const satisfies CommandSpec;

export const COMPLETION = {
  name: 'completion',
  summary: 'a script that lets a shell complete commands and options',
  arguments: [{ name: '<shell>', help: 'which shell', choices: ['bash', 'zsh', 'fish'] }],
  options: { ...EVERYWHERE },
  examples: [
    ['source <(flashinf completion bash)', 'in ~/.bashrc'],
    ['source <(flashinf completion zsh)', 'in ~/.zshrc'],
    ['flashinf completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
} as const satisfies CommandSpec;
