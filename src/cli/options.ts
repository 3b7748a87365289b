import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError, Option } from 'commander';
import type { MixerName } from '../mixer/index.js';
import type { DeviceChoice } from '../model/index.js';

/** A parser of numbers that refuses what is out of range, and never clamps. */
export function number(what: string, accepts: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
    if (!Number.isFinite(value) || !accepts(value)) throw new InvalidArgumentError(`Expected ${what}.`);
    return value;
  };
}

export function integer(from: number, to: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = to === Number.MAX_SAFE_INTEGER ? `of at least ${from}` : `from ${from} to ${to}`;
  return number(
    `a whole number ${range}`,
    (value) => Number.isInteger(value) && value >= from && value <= to,
  );
}

const SHIPPED_MODEL = fileURLToPath(new URL('../../models/hyena-classics', import.meta.url));

export interface ModelOptions {
  readonly model: string;
  readonly threads: number;
  readonly device: DeviceChoice;
}

export const modelOption = (): Option =>
  new Option('-m, --model <dir>', 'model bundle')
    .env('FLASHINF_MODEL')
    .default(SHIPPED_MODEL, 'the shipped one');

/** Which model, and how to compute; none of the latter ever changes a result. */
export const modelOptions = (): Option[] => [
  modelOption(),
  new Option('--threads <n>', 'CPU threads')
    .env('FLASHINF_THREADS')
    .argParser(integer(1, 256))
    .default(availableParallelism()),
  new Option('--device <name>', 'where the dense layers run')
    .env('FLASHINF_DEVICE')
    .choices(['auto', 'cpu', 'cuda'])
    .default('auto'),
];

export const MIXERS: readonly MixerName[] = ['lazy', 'eager', 'tiled'];

export const mixerOption = (): Option =>
  new Option('--mixer <name>', 'how to mix positions')
    .env('FLASHINF_MIXER')
    .choices([...MIXERS])
    .default('tiled');

export interface SamplingOptions {
  readonly temp: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed?: number;
}

export const samplingOptions = (): Option[] => [
  new Option('--temp <t>', 'temperature; 0 always takes the most likely token')
    .env('FLASHINF_TEMP')
    .argParser(number('a number of at least 0', (t) => t >= 0))
    .default(0.8),
  new Option('--top-k <k>', 'keep the k most likely tokens; 0 keeps all')
    .env('FLASHINF_TOP_K')
    .argParser(integer(0))
    .default(40),
  new Option('--top-p <p>', 'keep the most likely tokens up to this probability; 1 keeps all')
    .env('FLASHINF_TOP_P')
    .argParser(number('a number above 0, at most 1', (p) => p > 0 && p <= 1))
    .default(0.95),
  seedOption(),
];

export const seedOption = (): Option =>
  new Option('-s, --seed <n>', 'same seed, same text (default: random, see --stats)')
    .env('FLASHINF_SEED')
    .argParser(integer(0, 2 ** 32 - 1));

export const jsonOption = (): Option => new Option('--json', 'print JSON').env('FLASHINF_JSON');
