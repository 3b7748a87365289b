/** What a program can ask for, checked below the command line and the library alike. */
import { KEY_VALUE_TYPES } from '../layers/index.js';
import { MIXERS, type MixerName, type Plan } from '../mixer/index.js';
import type { OpenOptions } from '../model/index.js';
import {
  callback,
  checkOptions,
  flag,
  number,
  object,
  oneOf,
  signal,
  text,
  tokens,
  value,
  whole,
  within,
  type Bounds,
  type Check,
  type Checks,
} from './checks.js';
import type { Item, ManyOptions } from './many.js';
import type { Sampling } from './sampler.js';
import type { TextOptions, TextShape } from './text.js';

/** What a computation may take of the machine. None of it changes a result. */
export interface ComputeOptions {
  /** CPU threads. Default: 1. */
  readonly threads?: number | undefined;
  /** Bytes the mixer may hold: of flat plans, the fastest that fits is taken. Default: any. */
  readonly memory?: number | undefined;
  /** Stops it. A text ends before its next token, as `interrupted`; anything else throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How positions are mixed. Texts differ at most by what rounding does to log probabilities. */
export interface MixingChoice {
  /** Default: tiled. */
  readonly mixer?: MixerName | undefined;
  /** Default: `flatPlan`, under which no token waits for a large tile. */
  readonly plan?: Plan | undefined;
}

/** Bytes of all stops of a text together: a saved text holds them, and looking for them takes memory for each. */
export const LONGEST_STOPS = 1 << 16;

/** What each can be. */
export const SAMPLING_BOUNDS: Readonly<Record<keyof Sampling, Bounds>> = {
  repeatPenalty: { above: 0 },
  repeatLastN: { from: -1, whole: true },
  topK: { from: 0, whole: true },
  topP: { above: 0, to: 1 },
  minP: { from: 0, to: 1 },
  temperature: { from: 0 },
};

export const SEED_BOUNDS: Bounds = { from: 0, to: 2 ** 32 - 1, whole: true };

const SAMPLING = Object.fromEntries(
  Object.entries(SAMPLING_BOUNDS).map(([name, bounds]) => [name, within(bounds)]),
) as Checks<Sampling>;

const HALF_A_PAIR = /\p{Surrogate}/u;

/** Whether a value is a list of texts that a text can end before. */
export function areStops(stops: unknown): stops is readonly string[] {
  return (
    Array.isArray(stops) &&
    stops.every((stop) => typeof stop === 'string' && stop !== '' && !HALF_A_PAIR.test(stop)) &&
    Buffer.byteLength(stops.join('')) <= LONGEST_STOPS
  );
}

export const seed: Check = within(SEED_BOUNDS);

/** Throws unless each value is what it must be; what is missing is not. */
export function checkSampling(sampling: Partial<Sampling>): void {
  checkOptions('sampling', sampling, SAMPLING);
}

export const MIXER = oneOf(...MIXERS);
export const threads = whole(1, 256);

const COMPUTE: Checks<ComputeOptions> = {
  threads,
  memory: number({ above: 0, to: Infinity }),
  signal,
};

/** Whether a value can be the characters that tokens are to consist of. */
export function isAllowed(allow: unknown): allow is string {
  return typeof allow === 'string' && /^.{1,256}$/su.test(allow) && !HALF_A_PAIR.test(allow);
}

const SHAPE: Checks<TextShape> = {
  count: whole(-1),
  seed,
  sampling: (value) => checkSampling(value as Partial<Sampling>),
  ignoreEos: flag,
  allow: value('a text of 1 to 256 characters', isAllowed),
  stop: value(`a list of texts, none empty, of at most ${LONGEST_STOPS} bytes together`, areStops),
  raw: flag,
  logprobs: whole(0),
};

const TEXT: Checks<TextOptions> = {
  ...SHAPE,
  ...COMPUTE,
  mixer: MIXER,
  plan: object,
  room: whole(1),
  onPrefill: callback,
  from: object,
  save: text,
};

const prompt: Check = (value, name) => (typeof value === 'string' ? undefined : tokens(value, name));
const ITEM: Checks<Item> = { ...SHAPE, prompt, samples: whole(1, 2 ** 16) };
const MANY: Checks<ManyOptions> = { ...COMPUTE, lanes: whole(1, 2 ** 12) };

const LOAD: Checks<OpenOptions> = {
  threads,
  batch: whole(1),
  device: oneOf('auto', 'cpu', 'cuda', 'webgpu'),
  keyValues: oneOf(...KEY_VALUE_TYPES),
};

/** Throws a TypeError or RangeError that names the option. */
export function checkLoadOptions(options: OpenOptions): void {
  checkOptions('load', options, LOAD);
}

/** Throws a TypeError or RangeError that names the option. */
export function checkTextOptions(options: TextOptions): void {
  checkOptions('generate', options, TEXT);
  // A saved text may have no tokens left.
  if (options.from === undefined) checkCount(options);
}

/** Throws a TypeError or RangeError that names the option. */
export function checkItem(item: Item): void {
  checkOptions('item', item, ITEM);
  prompt(item.prompt, 'prompt');
}

/** Throws a TypeError or RangeError that names the option. */
export function checkManyOptions(options: ManyOptions): void {
  checkOptions('generateMany', options, MANY);
}

function checkCount({ count }: TextShape): void {
  if (count === 0) throw new RangeError('count: expected -1 or a whole number of at least 1, got 0');
}
