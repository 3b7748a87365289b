/** The lines of `--batch`: items in, each checked by the table that checks the command line. */
import { statSync } from 'node:fs';
import { areStops, isAllowed, type Item, LONGEST_STOPS } from '../../../generation/index.js';
import { isArray, isObject, type Json, parseJson } from '../../../format/index.js';
import { UsageError } from '../../errors.js';
import { readChunks } from '../../input.js';
import { checkPromptLength, type Limits } from '../../limits.js';
import { OPTION_HINTS } from '../../options/hints.js';
import { accepts, longFlag, rangeOf, type OptionSpec } from '../../options/index.js';
import { areIds, TextError } from '../../../text/index.js';
import { samplingOf } from './sampling.js';
import { BATCH_FIELDS, GENERATE, LENGTH_OPTIONS, SAMPLING_OPTIONS, snake } from './spec.js';
import type { Call } from '../../command.js';

type GenerateOptions = Call<typeof GENERATE>['options'];

/** What a line can set, by its name in the code. */
const OWN: Readonly<Record<string, OptionSpec>> = {
  ...SAMPLING_OPTIONS,
  ...LENGTH_OPTIONS,
  logprobs: GENERATE.options.logprobs,
  samples: GENERATE.options.samples,
};

/** Every name a line may use for an option: `n_predict`, other spellings, and what other programs call it. */
const NAMES = new Map([
  ...Object.entries(OWN).flatMap(([name, spec]) =>
    [name, ...(spec.aliases ?? [])].map((spelling) => [snake(spelling), name] as const),
  ),
  ...Object.entries(OPTION_HINTS).flatMap(([theirs, hint]) => {
    const name = Object.keys(OWN).find((name) => longFlag(name, OWN[name]) === hint);
    return name === undefined ? [] : [[snake(theirs), name] as const];
  }),
]);

/** A line longer than this is refused without being held: a prompt of a million tokens is far shorter. */
const LONGEST_LINE = 1 << 22;

/** What some editors begin a file with. */
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** What is known of the model. */
export interface Given {
  readonly limits: Limits;
  /** Of models of DNA: makes their letters of a prompt in a line. */
  readonly toDna?: ((prompt: string, line: number) => string) | undefined;
}

export interface Line {
  /** As it is in the line, JSON; null where it has none. */
  readonly id: string;
  readonly item: Item | Error;
}

/** The items of a file, `-` for stdin. Throws a UsageError if it cannot be read. */
export async function* readItems(
  file: string,
  options: GenerateOptions,
  given: Given,
  signal: AbortSignal,
): AsyncGenerator<Line, void, void> {
  let number = 0;
  for await (const line of readLines(file, signal)) {
    number++;
    if (line instanceof Error) yield { id: 'null', item: new UsageError(`line ${number}: ${line.message}`) };
    else if (!isBlank(line)) yield toLine(line, number, options, given);
  }
}

/** How many lines a file has that can be read twice; undefined for a pipe. */
export async function countLines(file: string, signal: AbortSignal): Promise<number | undefined> {
  if (file === '-' || !statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  let lines = 0;
  for await (const line of readLines(file, signal)) if (line instanceof Error || !isBlank(line)) lines++;
  return lines;
}

const isBlank = (line: Uint8Array): boolean =>
  line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

async function* readLines(file: string, signal: AbortSignal): AsyncGenerator<Uint8Array | Error, void, void> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let begun = false;
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
    // A file's first piece holds the whole mark.
    let from = !begun && BYTE_ORDER_MARK.equals(chunk.subarray(0, 3)) ? 3 : 0;
    begun = true;
    for (let to; (to = chunk.indexOf(10, from)) >= 0; from = to + 1) {
      add(chunk.subarray(from, to));
      yield line();
    }
    add(chunk.subarray(from));
  }
  if (length > 0) yield line();
}

function toLine(bytes: Uint8Array, line: number, options: GenerateOptions, given: Given): Line {
  const where = `line ${line}`;
  let id = 'null';
  try {
    const json = parseJson(bytes, where, '', true);
    if (!isObject(json)) throw new UsageError(`${where}: expected an object`);
    id = idOf(json, where);
    return { id, item: toItem(json, line, options, given) };
  } catch (error) {
    return { id, item: error as Error };
  }
}

/** Numbers of any length come back as they are. */
function idOf(json: ReadonlyMap<string, Json>, where: string): string {
  const id = json.get('id') ?? null;
  if (typeof id === 'bigint') return String(id);
  if (id === null || typeof id === 'string' || typeof id === 'number') return JSON.stringify(id);
  throw new UsageError(`${where}: id: expected a text or a number`);
}

/** What a line leaves out is as on the command line. Throws a UsageError. */
function toItem(json: ReadonlyMap<string, Json>, line: number, options: GenerateOptions, given: Given): Item {
  const where = `line ${line}`;
  const own: Record<string, unknown> = {};
  const keys = new Map<string, string>();
  for (const [key, value] of json) {
    // As good as left out.
    if (key === 'id' || key === 'prompt' || value === null) continue;
    const name = NAMES.get(key);
    if (name === undefined) throw new UsageError(`${where}: ${unknown(key)}`);
    const other = keys.get(name);
    if (other !== undefined)
      throw new UsageError(`${where}: ${other} and ${key} are the same: give one of them`);
    keys.set(name, key);
    own[name] = checked(value, OWN[name], `${where}: ${key}`);
  }
  const prompt = promptOf(json.get('prompt') ?? null, line, given);
  const { nPredict, seed, stop, logprobs, ignoreEos, allow, samples, ...all } = {
    ...options,
    ...own,
  } as GenerateOptions;
  if (nPredict === 0 && logprobs === undefined) {
    throw new UsageError(`${where}: n_predict: expected -1 or at least 1, got 0 (which goes with logprobs)`);
  }
  return {
    prompt,
    sampling: samplingOf(all),
    count: nPredict,
    ignoreEos: ignoreEos === true,
    seed,
    stop,
    logprobs,
    allow,
    samples,
  };
}

function promptOf(prompt: Json, line: number, { limits, toDna }: Given): string | readonly number[] {
  const where = `line ${line}: prompt`;
  if (areIds(prompt)) return prompt;
  if (typeof prompt !== 'string') throw new UsageError(`${where}: expected a text or a list of token ids`);
  if (LONE_SURROGATE.test(prompt)) throw new UsageError(`${where}: half of a surrogate pair is no text`);
  checkPromptLength(prompt, limits, where);
  try {
    return toDna === undefined ? prompt : toDna(prompt, line);
  } catch (error) {
    throw error instanceof TextError ? new UsageError(`${where}: ${error.message}`) : error;
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** A field that does not exist, with what was probably meant. */
function unknown(key: string): string {
  const name = key.replaceAll('_', '-');
  const hint = Object.hasOwn(OPTION_HINTS, name)
    ? OPTION_HINTS[name]
    : `known: prompt, id, ${BATCH_FIELDS.join(', ')}`;
  return `unknown field ${JSON.stringify(key)} (${hint})`;
}

function checked(value: Json, spec: OptionSpec, where: string): unknown {
  const fail = (expected: string): never => {
    const got = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
    throw new UsageError(`${where}: expected ${expected}, got ${got.slice(0, 80)}`);
  };
  switch (spec.type) {
    case 'number':
    case 'integer':
      if (spec === OWN['seed'] && value === -1) return fail(`${rangeOf(spec)} (left out, it is random)`);
      return typeof value === 'number' && accepts(spec, value) ? value : fail(rangeOf(spec));
    case 'text':
      return isAllowed(value) ? value : fail('a text of 1 to 256 characters');
    case 'flag':
      return typeof value === 'boolean' ? value : fail('true or false');
    default: {
      const list = isArray(value) ? value : [value];
      if (!areStops(list)) fail(`texts, none empty, of at most ${LONGEST_STOPS} bytes together`);
      return list;
    }
  }
}
