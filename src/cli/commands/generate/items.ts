/** The lines of `--batch`: items in, each checked by the table that checks the command line. */
import type { Item } from '../../../generation/many.js';
import type { Sampling } from '../../../generation/sampler.js';
import { isArray, isObject, parseJson, type Json } from '../../../format/json.js';
import { UsageError } from '../../errors.js';
import { readChunks } from '../../input.js';
import {
  accepts,
  kebab,
  LENGTH_OPTIONS,
  rangeOf,
  SAMPLING_OPTIONS,
  type GENERATE,
  type OptionSpec,
} from '../../options/index.js';
import { GENERATE as SPEC } from '../../options/index.js';
import type { Call } from '../../program.js';

type GenerateOptions = Call<typeof GENERATE>['options'];

/** What a line can set, by its name in the code. */
const OWN: Readonly<Record<string, OptionSpec>> = {
  ...SAMPLING_OPTIONS,
  ...LENGTH_OPTIONS,
  logprobs: SPEC.options.logprobs,
};

const snake = (name: string): string => kebab(name).replaceAll('-', '_');

/** Every name a line may use for an option: `n_predict`, and other spellings. */
const NAMES = new Map(
  Object.entries(OWN).flatMap(([name, spec]) =>
    [name, ...(spec.aliases ?? [])].map((spelling) => [snake(spelling), name] as const),
  ),
);

/** A line longer than this is refused without being held. */
const LONGEST_LINE = 1 << 28;

export interface Line {
  /** As it is in the line; null where it has none. */
  readonly id: Json;
  readonly item: Item | Error;
}

/** The items of a file, `-` for stdin. Throws a UsageError if it cannot be read. */
export async function* readItems(
  file: string,
  options: GenerateOptions,
  signal: AbortSignal,
): AsyncGenerator<Line, void, void> {
  let number = 0;
  for await (const line of readLines(file, signal)) {
    number++;
    if (line instanceof Error) yield { id: null, item: new UsageError(`line ${number}: ${line.message}`) };
    else if (!isBlank(line)) yield toLine(line, `line ${number}`, options);
  }
}

const isBlank = (line: Uint8Array): boolean =>
  line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

async function* readLines(file: string, signal: AbortSignal): AsyncGenerator<Uint8Array | Error, void, void> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const line = (): Uint8Array | Error => {
    const whole =
      length > LONGEST_LINE ? new Error(`longer than ${LONGEST_LINE >> 20} MiB`) : Buffer.concat(parts);
    parts = [];
    length = 0;
    return whole;
  };
  const add = (part: Uint8Array): void => {
    length += part.length;
    if (length > LONGEST_LINE) parts = [];
    else parts.push(part);
  };
  for await (const chunk of readChunks(file, signal)) {
    let from = 0;
    for (let to; (to = chunk.indexOf(10, from)) >= 0; from = to + 1) {
      add(chunk.subarray(from, to));
      yield line();
    }
    add(chunk.subarray(from));
  }
  if (length > 0) yield line();
}

function toLine(bytes: Uint8Array, where: string, options: GenerateOptions): Line {
  let id: Json = null;
  try {
    const json = parseJson(bytes, where);
    if (!isObject(json)) throw new UsageError(`${where}: expected an object`);
    id = json.get('id') ?? null;
    if (isArray(id) || isObject(id)) {
      id = null;
      throw new UsageError(`${where}: id: expected a text or a number`);
    }
    return { id, item: toItem(json, where, options) };
  } catch (error) {
    return { id, item: error as Error };
  }
}

/** What a line leaves out is as on the command line. Throws a UsageError. */
function toItem(json: ReadonlyMap<string, Json>, where: string, options: GenerateOptions): Item {
  const own: Record<string, unknown> = {};
  for (const [key, value] of json) {
    if (key === 'id' || key === 'prompt') continue;
    const name = NAMES.get(key);
    if (name === undefined) throw new UsageError(`${where}: unknown field ${JSON.stringify(key)}`);
    own[name] = checked(value, OWN[name], `${where}: ${key}`);
  }
  const prompt = json.get('prompt');
  if (typeof prompt !== 'string') throw new UsageError(`${where}: prompt: expected a text`);
  if (LONE_SURROGATE.test(prompt))
    throw new UsageError(`${where}: prompt: half of a surrogate pair is no text`);
  const { nPredict, seed, stop, logprobs, ignoreEos, temp, ...all } = {
    ...options,
    ...own,
  } as GenerateOptions;
  if (nPredict === 0) throw new UsageError(`${where}: n_predict: expected -1 or at least 1, got 0`);
  const { repeatPenalty, repeatLastN, topK, topP, minP } = all;
  const sampling: Sampling = { repeatPenalty, repeatLastN, topK, topP, minP, temperature: temp };
  return {
    prompt,
    sampling,
    count: nPredict,
    ignoreEos: ignoreEos === true,
    ...(seed !== undefined && { seed }),
    ...(stop !== undefined && { stop }),
    ...(logprobs !== undefined && { logprobs }),
  };
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function checked(value: Json, spec: OptionSpec, where: string): unknown {
  const fail = (expected: string): never => {
    throw new UsageError(`${where}: expected ${expected}, got ${JSON.stringify(value)?.slice(0, 80)}`);
  };
  switch (spec.type) {
    case 'number':
    case 'integer':
      return typeof value === 'number' && accepts(spec, value) ? value : fail(rangeOf(spec));
    case 'flag':
      return typeof value === 'boolean' ? value : fail('true or false');
    default: {
      const list = isArray(value) ? value : [value];
      return list.every((text) => typeof text === 'string' && text !== '')
        ? list
        : fail('a text or a list of texts, none empty');
    }
  }
}
