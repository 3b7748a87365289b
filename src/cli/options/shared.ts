/** Options that several commands have. */
import { availableParallelism } from 'node:os';
import { SHIPPED_MODEL } from '../../generation/index.js';
import { KEY_VALUE_TYPES } from '../../layers/index.js';
import { MIXERS } from '../../mixer/index.js';
import { RECORD_FORMATS } from '../../text/index.js';
import type { OptionTable, OptionValues } from './spec.js';

/** Bit by bit, log probabilities included. */
const EXACT = 'Computing (the same result to the bit)';
const ROUNDED = 'Computing (the same result but for rounding)';

export const MODEL = {
  model: {
    type: 'text',
    short: 'm',
    value: 'dir',
    help: 'model bundle',
    default: SHIPPED_MODEL,
    defaultText: 'the shipped one',
    completes: 'directory',
  },
} as const satisfies OptionTable;

/** How to compute. */
export const COMPUTE = {
  threads: {
    type: 'integer',
    short: 't',
    value: 'n',
    help: 'CPU threads',
    from: 1,
    to: 256,
    default: availableParallelism(),
    defaultText: 'all',
    group: EXACT,
  },
  device: {
    type: 'choice',
    value: 'name',
    help: 'where the dense layers run',
    choices: ['auto', 'cpu', 'cuda', 'webgpu'],
    default: 'auto',
    group: ROUNDED,
  },
} as const satisfies OptionTable;

/** Of models with attention. */
export const KEY_VALUES = {
  keyValues: {
    type: 'choice',
    value: 'type',
    help: 'how attention keeps keys and values: float16 takes half the memory',
    choices: KEY_VALUE_TYPES,
    default: 'float32',
    group: ROUNDED,
  },
} as const satisfies OptionTable;

export const MIXER = {
  mixer: {
    type: 'choice',
    value: 'name',
    help: 'how to mix positions',
    choices: MIXERS,
    default: 'tiled',
    group: ROUNDED,
  },
} as const satisfies OptionTable;

export const MEMORY = {
  memory: {
    type: 'size',
    value: 'size',
    help: 'what the mixer may hold, like 500M or 4G: the fastest plan that fits is taken, or none',
    above: 0,
    defaultText: 'what is free',
    group: EXACT,
  },
} as const satisfies OptionTable;

/** Of whatever reads a prompt. */
export const KEEP_NEWLINE = {
  keepNewline: {
    type: 'flag',
    help: 'keep the line end that a file or stdin ends with; one is dropped otherwise',
  },
} as const satisfies OptionTable;

/** Of whatever reads records. */
export const RECORDS = {
  inputFormat: {
    type: 'choice',
    value: 'name',
    help: 'how the input is written',
    choices: RECORD_FORMATS,
    defaultText: 'what it looks like',
  },
  ambiguousAsN: { type: 'flag', help: 'DNA: take IUPAC codes for several bases (R, Y, ...) as N' },
} as const satisfies OptionTable;

export const JSON_OPTION = {
  json: { type: 'flag', help: 'print JSON' },
} as const satisfies OptionTable;

/** What every command has, besides --help. */
export const EVERYWHERE = {
  verbose: { type: 'flag', help: 'show where an error comes from' },
} as const satisfies OptionTable;

/** Which model, and how to compute. */
export type ModelOptions = OptionValues<typeof MODEL & typeof COMPUTE>;

export const SEED = { type: 'integer', short: 's', value: 'n', from: 0, to: 2 ** 32 - 1 } as const;
