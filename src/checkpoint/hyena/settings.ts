/**
 * What another program's settings say of a model: its `config.json`, or the hyper-parameters a training program
 * kept with the weights. Hugging Face's HyenaDNA keeps everything on one level, safari and the standalone code
 * keep the operator's settings under `layer`, whole experiments keep both under `model`. Fields not named here
 * (dropout, learning rates, …) do not change what a model computes.
 */
import { BundleError, describe, Fields, isObject, type Json, type JsonObject } from '../../format/index.js';
import type { Activation } from '../../layers/index.js';

/** A setting of a checkpoint and where it was found, for messages. */
export interface Setting<T> {
  readonly value: T;
  readonly file: string;
  readonly field: string;
  /** Found in the checkpoint itself. */
  readonly kept?: true;
}

export interface CheckpointSettings {
  readonly modelType?: Setting<string>;
  readonly width?: Setting<number>;
  readonly layers?: Setting<number>;
  readonly inner?: Setting<number>;
  readonly order?: Setting<number>;
  readonly context?: Setting<number>;
  readonly features?: Setting<number>;
  readonly hidden?: Setting<number>;
  readonly vocabulary?: Setting<number>;
  readonly normEps?: Setting<number>;
  readonly shift?: Setting<number>;
  readonly modulate?: Setting<boolean>;
  readonly normalized?: Setting<boolean>;
  readonly skip?: Setting<boolean>;
  readonly activation?: Setting<Activation | 'none'>;
}

const COUNT = { min: 1, max: 1 << 27 };
/** Settings nest a few levels deep; names of settings may lead in a circle. */
const DEEPEST = 64;

/** Operator settings that change the model, and the values of them that can be computed. */
const KNOWN: Readonly<Record<string, readonly Json[]>> = {
  short_filter_order: [3],
  num_inner_mlps: [2],
  bidirectional: [false],
  linear_mixer: [false],
  num_heads: [1],
  num_blocks: [1],
  inner_factor: [1],
  outer_mixing: [false],
  post_order_ffn: [false],
  filter_cls: ['hyena-filter'],
};

/** Reads a `config.json`. Throws BundleError, also for settings this program cannot compute with. */
export function readSettings(json: Json, file: string): CheckpointSettings {
  const levels = levelsOf(Fields.of(json, file));
  checkKnown(levels[0]);
  return present({ ...find(levels), ...findOperator(levels[0]) });
}

/**
 * Reads what a training program kept with the weights under `name`. Sizes are the tensors' to tell, and what
 * cannot be read is somebody else's setting. Throws BundleError for settings this program cannot compute with.
 */
export function readHyperParameters(json: Json, file: string, name: string): CheckpointSettings {
  if (!isObject(json)) return {};
  const levels = levelsOf(Fields.of(resolved(json, json), file, name));
  // Only what lies under `layer` is the operator's for certain.
  const own = /(^|\.)layer$/.test(levels[0].path);
  if (own) checkKnown(levels[0]);
  const lenient: Lookup = (...args) => {
    try {
      const setting = lookup(...args);
      return setting && { ...setting, kept: true };
    } catch (error) {
      if (error instanceof BundleError) return undefined;
      throw error;
    }
  };
  const { shift, modulate, normEps } = find(levels, lenient);
  const operator = own ? findOperator(levels[0], true) : {};
  return present({ shift, modulate, normEps, ...operator });
}

type Lookup = <T>(
  levels: readonly Fields[],
  names: readonly string[],
  read: (from: Fields, name: string) => T,
) => Setting<T> | undefined;

const given = (fields: Fields, name: string): boolean => fields.has(name) && fields.get(name) !== null;

/** The objects that settings are looked for in, the innermost first. */
function levelsOf(outer: Fields): Fields[] {
  const holds = (fields: Fields, name: string): boolean => fields.has(name) && isObject(fields.get(name));
  const model = holds(outer, 'model') ? [outer.object('model'), outer] : [outer];
  return given(model[0], 'layer') ? [model[0].object('layer'), ...model] : model;
}

const lookup: Lookup = (levels, names, read) => {
  for (const from of levels) {
    for (const name of names) {
      const field = from.path === '' ? name : `${from.path}.${name}`;
      if (given(from, name)) return { value: read(from, name), file: from.file, field };
    }
  }
  return undefined;
};

/** Settings with names that mean something else elsewhere. Not lenient: each of them changes the model. */
function findOperator(
  operator: Fields,
  kept?: true,
): Pick<Partial<Found>, 'normalized' | 'skip' | 'activation'> {
  const look = <T>(names: string[], read: (from: Fields, name: string) => T): Setting<T> | undefined => {
    const setting = lookup([operator], names, read);
    return setting && { ...setting, ...(kept && { kept }) };
  };
  return {
    normalized: look(['normalized'], readFlag),
    skip: look(['bias', 'use_bias'], readFlag),
    activation: look(['activation'], (from, name) => {
      const value = from.get(name);
      if (typeof value === 'string' && Object.hasOwn(ACTIVATION, value)) return ACTIVATION[value];
      return from.fail(name, Object.keys(ACTIVATION).join(', '), describe(value));
    }),
  };
}

/** Names of activations in safari. */
const ACTIVATION: Readonly<Record<string, Activation | 'none'>> = {
  id: 'none',
  identity: 'none',
  linear: 'none',
  relu: 'relu',
  gelu: 'gelu',
  swish: 'silu',
  silu: 'silu',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
};

function readFlag(from: Fields, name: string): boolean {
  const value = from.get(name);
  return typeof value === 'boolean' ? value : from.fail(name, 'true or false', describe(value));
}

type Found = { readonly [K in keyof CheckpointSettings]-?: CheckpointSettings[K] | undefined };

function find(
  levels: readonly Fields[],
  look: Lookup = lookup,
): Omit<Found, 'normalized' | 'skip' | 'activation'> {
  const count = (...names: string[]): Setting<number> | undefined =>
    look(levels, names, (from, name) => from.integer(name, COUNT));
  const number = (name: string, min: number, max: number): Setting<number> | undefined =>
    look(levels, [name], (from) => from.number(name, { min, max }));
  return {
    modelType: look(levels, ['model_type'], (from, name) => from.string(name, /^/, 'a name')),
    width: count('d_model'),
    layers: count('n_layer'),
    inner: count('d_inner'),
    order: count('hyena_order', 'order'),
    context: count('l_max', 'max_seq_len'),
    features: count('emb_dim'),
    hidden: count('filter_order'),
    vocabulary: count('vocab_size'),
    normEps: number('layer_norm_epsilon', 0, 1),
    shift: number('shift', -1e6, 1e6),
    modulate: look(levels, ['modulate'], readFlag),
  };
}

function present(found: Partial<Found>): CheckpointSettings {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function checkKnown(operator: Fields): void {
  for (const [name, known] of Object.entries(KNOWN)) {
    if (!given(operator, name)) continue;
    const value = operator.get(name);
    if (known.includes(value)) continue;
    operator.fail(name, `${describe(known[0])}, all this program knows`, describe(value));
  }
}

/** Settings may name others (`${model.d_model}`): these stand in their place. */
function resolved(value: Json, root: Json, depth = 0): Json {
  if (isObject(value))
    return new Map([...value].map(([key, item]) => [key, resolved(item, root, depth + 1)]));
  const path = typeof value === 'string' ? /^\$\{([\w.]+)\}$/.exec(value)?.[1] : undefined;
  if (path === undefined || depth > DEEPEST) return value;
  let target: Json | undefined = root;
  for (const key of path.split('.'))
    target = isObject(target ?? null) ? (target as JsonObject).get(key) : undefined;
  return target === undefined || isObject(target) ? value : resolved(target, root, depth + 1);
}
