/** What a state file says in JSON. */
import { Fields, isArray, parseJson, toPlain } from '../format/index.js';
import { checkPlan, MIXERS, type Plan } from '../mixer/index.js';
import type { LanguageModel } from '../model/index.js';
import { roomFrom } from './lengths.js';
import type { Bounds } from './checks.js';
import { areStops, LONGEST_STOPS, SAMPLING_BOUNDS, SEED_BOUNDS } from './options.js';
import type { Point, SavedPoint } from './point.js';
import type { Sampling } from './sampler.js';

/** Far above any header: what grows with the text is not in it, and stops are bounded. */
export const LONGEST_HEADER = 1 << 20;

/** What a run that goes on takes from the one before, besides the point itself. */
export interface SavedText {
  readonly seed: number;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  readonly ignoreEos: boolean;
  /** Characters that tokens consist of; undefined: any. */
  readonly allow?: string | undefined;
  /** Tokens that were asked for and not yet generated. */
  readonly remaining: number;
  /** Whether the last token ends the text. */
  readonly ended: boolean;
  /** Bytes of the text that were held back. */
  readonly held: Uint8Array;
}

export interface StateHeader extends Pick<SavedPoint, 'mixer' | 'random' | 'prompt'> {
  readonly text: SavedText;
  /** Tokens of prompt and text. */
  readonly ids: number;
  /** Values in each of the mixer's arrays. */
  readonly arrays: readonly number[];
}

/** Throws a BundleError if what is written could not be read. */
export function writeHeader(file: string, model: LanguageModel, text: SavedText, point: Point): Buffer {
  const { prompt, random, mixer, arrays, ids } = point;
  const bytes = Buffer.from(
    JSON.stringify({
      model: { id: model.id, name: model.config.name },
      text: { ...text, held: Buffer.from(text.held).toString('hex') },
      ids: ids.length,
      prompt,
      random,
      mixer,
      arrays: arrays.map(({ length }) => length),
    }),
  );
  if (bytes.length > LONGEST_HEADER) throw new RangeError(`a header of ${bytes.length} bytes`);
  readHeader(headerFields(bytes, file), model);
  return bytes;
}

/** Throws a BundleError if it is no object in JSON. */
export function headerFields(bytes: Uint8Array, file: string): Fields {
  return Fields.of(parseJson(bytes, file, 'header'), file, 'header');
}

/** Throws a BundleError if it is of another model. */
export function checkModel(header: Fields, model: LanguageModel): void {
  const named = header.object('model');
  const name = named.string('name', /^[^\p{Cc}]{1,200}$/u, 'a name');
  const id = named.string('id', /^[0-9a-f]{64}$/, 'an id');
  if (id === model.id) return;
  const expected = `a state of ${model.config.name} (${model.id.slice(0, 12)})`;
  header.fail('model', expected, `one of ${name} (${id.slice(0, 12)})`);
}

/** Throws a BundleError if it holds what no run saves. */
export function readHeader(header: Fields, model: LanguageModel): StateHeader {
  checkModel(header, model);
  const { context } = model.config.model;
  const ids = header.integer('ids', { min: 2, max: context + 2 });
  const prompt = header.integer('prompt', { min: 1, max: ids - 1 });
  const mixer = readMixer(header.object('mixer'), model);
  // All tokens but the last have been through the mixer, the prompt's too if it was filled in.
  const fed = [ids - prompt - 1, ids - 1];
  if (!fed.includes(mixer.position)) {
    header.fail('ids', `${mixer.position + 1}, the prompt included or not`, String(ids));
  }
  return {
    text: readText(header.object('text'), roomFrom({ mixer })),
    ids,
    prompt,
    random: readRandom(header),
    mixer,
    arrays: readNumbers(header, 'arrays', isCount, 'a list of sizes'),
  };
}

function readText(fields: Fields, room: number): SavedText {
  const sampling = fields.object('sampling');
  const within = (name: keyof Sampling): number => {
    const bounds = SAMPLING_BOUNDS[name];
    return bounds.whole ? sampling.integer(name, rangeOf(bounds)) : sampling.number(name, rangeOf(bounds));
  };
  const flag = (name: string): boolean => {
    const value = fields.get(name);
    if (typeof value !== 'boolean') fields.fail(name, 'true or false', 'something else');
    return value;
  };
  const stop: unknown = fields.get('stop');
  if (!areStops(stop)) {
    fields.fail('stop', `a list of texts of at most ${LONGEST_STOPS} bytes`, 'something else');
  }
  return {
    seed: fields.integer('seed', rangeOf(SEED_BOUNDS)),
    sampling: {
      repeatPenalty: within('repeatPenalty'),
      repeatLastN: within('repeatLastN'),
      topK: within('topK'),
      topP: within('topP'),
      minP: within('minP'),
      temperature: within('temperature'),
    },
    stop,
    ignoreEos: flag('ignoreEos'),
    ...(fields.has('allow') && { allow: fields.string('allow', /^.{1,256}$/su, 'some characters') }),
    remaining: fields.integer('remaining', { min: 0, max: room }),
    ended: flag('ended'),
    held: Buffer.from(fields.string('held', /^([0-9a-f]{2})*$/, 'hexadecimal digits'), 'hex'),
  };
}

const rangeOf = ({ from, above, to, whole }: Bounds): { min: number; max: number } => ({
  // The smallest number above: bounds that are excluded are 0.
  min: from ?? (above === undefined ? -Number.MAX_VALUE : above + Number.MIN_VALUE),
  max: to ?? (whole ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE),
});

function readMixer(fields: Fields, model: LanguageModel): SavedPoint['mixer'] {
  const shape = fields.object('shape');
  const exactly = (value: number): { min: number; max: number } => ({ min: value, max: value });
  const { context, width } = model.config.model;
  const length = shape.integer('length', { min: 1, max: context });
  return {
    name: fields.oneOf('name', MIXERS),
    shape: {
      convolutions: shape.integer('convolutions', exactly(model.convolutions)),
      width: shape.integer('width', exactly(width)),
      length,
    },
    plan: readPlan(fields, length),
    position: fields.integer('position', { min: 0, max: length }),
  };
}

/** A plan that `createMixer` takes. Reference tiles are none that runs are saved from. */
function readPlan(fields: Fields, length: number): Plan {
  const json = fields.get('plan');
  const plan: unknown = json === undefined ? undefined : JSON.parse(JSON.stringify(toPlain(json)));
  const expected = `a plan for ${length} positions`;
  try {
    checkPlan(plan, length);
  } catch (error) {
    return fields.fail('plan', expected, `one that is not: ${(error as Error).message}`);
  }
  if (plan.levels.some(({ kind }) => kind === 'reference')) {
    fields.fail('plan', expected, 'one with reference tiles');
  }
  return plan;
}

/** Four words of the generator's state. All zero, it would give nothing else for ever. */
function readRandom(header: Fields): readonly number[] {
  const words = readNumbers(header, 'random', (word) => word === (word | 0), 'integers of 32 bits');
  if (words.length !== 4 || words.every((word) => word === 0)) {
    header.fail('random', '4 integers, not all 0', `[${words.join(', ')}]`);
  }
  return words;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function readNumbers(
  fields: Fields,
  name: string,
  fits: (value: number) => boolean,
  expected: string,
): readonly number[] {
  const list = fields.get(name);
  if (!isArray(list) || !list.every((item): item is number => typeof item === 'number' && fits(item))) {
    return fields.fail(name, expected, 'something else');
  }
  return list;
}
