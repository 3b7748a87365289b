/** `config.json`: what a bundle says about itself. */
import { isDeepStrictEqual } from 'node:util';
import { BundleError, describe, Fields, isArray, type Json, sha256OfText } from '../format/index.js';
import type { FilterDimensions, HyenaDimensions } from '../hyena/index.js';
import type { Bits } from './quantised.js';
import {
  ACTIVATIONS,
  convolutions,
  filtersOf,
  type LayerSpec,
  type MixerSpec,
  type MlpSpec,
  type ModelDimensions,
  type NormSpec,
} from '../layers/index.js';

export type { LayerSpec, MixerSpec, MlpSpec, ModelDimensions, NormSpec } from '../layers/index.js';

export const FORMAT_NAME = 'flashinf-bundle';
export const FORMAT_VERSION = 2;

/** The names a checkpoint gave its tensors, so that an export can give them back. */
export interface TensorNames {
  /** Prefix of the embeddings, layers and last norm. */
  readonly stem: string;
  /** The head's own name, where the checkpoint had the head, tied or not. */
  readonly head?: string;
  /** Activation checkpointing wrapped these modules: `mixer.layer.in_proj`, `mlp.layer.fc1`. */
  readonly wrapped: { readonly mixer: boolean; readonly mlp: boolean };
  /** How a filter's channels of several convolutions lie: by channel (safari), or by convolution (standalone). */
  readonly layout: 'interleaved' | 'stacked';
  /** Whether `pos_emb.z` and `.t` were there. */
  readonly positions: boolean;
  /** The one frequency of a filter was there under all of its three names. */
  readonly aliases?: true;
  /** Names that wrappers of parts of the model changed: by the name without wrappers. */
  readonly renamed?: Readonly<Record<string, string>>;
}

export interface TokenizerReference {
  readonly kind: 'bpe' | 'bytes' | 'characters' | 'ids';
  /** Name of its file in the bundle; a byte tokenizer needs none. */
  readonly file?: string;
}

export interface FileEntry {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** The matrices that tokens are multiplied with, embeddings and head are of so many bits a value. */
export interface QuantisedWeights {
  readonly bits: Bits;
}

/** What a bundle's `config.json` says. */
export interface BundleConfig {
  readonly format: { readonly name: typeof FORMAT_NAME; readonly version: typeof FORMAT_VERSION };
  readonly name: string;
  /** Hex SHA-256 over all that makes the model what it is: everything here but its name, its tensors' names and the provenance. */
  readonly id: string;
  readonly model: ModelDimensions;
  /** Of the long convolutions' filters. Left out by models that have none. */
  readonly filter?: FilterDimensions;
  readonly tokenizer: TokenizerReference;
  /** Left out: all of them are float32. */
  readonly weights?: QuantisedWeights;
  /** Every other file of the bundle, by name. */
  readonly files: Readonly<Record<string, FileEntry>>;
  /** Left out by bundles that no checkpoint of another program was made into. */
  readonly names?: TensorNames;
  /** Where the weights come from: free-form, shown and never interpreted. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

export const CONFIG_FILE = 'config.json';
export const WEIGHTS_FILE = 'weights.safetensors';
export const TOKENIZER_FILE = 'tokenizer.json';

/**
 * Names of files in a bundle: no separators, no leading dot, so that none leads out of its directory on any
 * system.
 */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const TENSOR_NAME = /^[^\p{Cc}]{1,200}$/u;
const STEM = /^([^\p{Cc}]{1,200}\.)?$/u;
const SHA256 = /^[0-9a-f]{64}$/;
/** A model's name: any short text without control characters. */
export const LABEL = /^[^\p{Cc}]{1,200}$/u;

/** Far above any model, far below what would overflow a size computed from them. */
const COUNT = { min: 1, max: 1 << 24 };
const CHANNELS = { min: 1, max: 1 << 16 };
const ORDER = { min: 2, max: 16 };
const LAYERS = { min: 1, max: 1024 };
const CONTEXT = { min: 2, max: 1 << 27 };
const EPSILON = { min: 0, max: 1 };
const TAPS = { min: 2, max: 1 << 12 };
const MODES = { min: 1, max: 1 << 10 };
const MIXERS = ['hyena', 'window', 'modal', 'data-dependent', 'attention'] as const;

/** Reads and checks a parsed `config.json`; `file` names it in errors. Throws BundleError. */
export function readConfig(json: Json, file: string): BundleConfig {
  const fields = Fields.of(json, file);
  const format = fields.object('format');
  format.oneOf('name', [FORMAT_NAME]);
  if (format.get('version') === 1) {
    format.fail(
      'version',
      `${FORMAT_VERSION}`,
      '1: make the bundle again from its checkpoint with flashinf import',
    );
  }
  const model = readModel(fields.object('model'));
  const config: BundleConfig = {
    format: { name: FORMAT_NAME, version: format.oneOf('version', [FORMAT_VERSION]) },
    name: fields.string('name', LABEL, 'a name of 1 to 200 characters'),
    id: fields.string('id', SHA256, '64 lower-case hexadecimal digits'),
    model,
    ...(filtersOf(model.layers) === 'implicit' && { filter: readFilter(fields.object('filter')) }),
    tokenizer: readTokenizer(fields.object('tokenizer')),
    ...(fields.has('weights') && { weights: readWeights(fields.object('weights')) }),
    ...(fields.has('names') && { names: readNames(fields.object('names')) }),
    files: readFiles(fields.object('files')),
    provenance: fields.object('provenance').plain(),
  };
  format.done();
  fields.done();
  const { tokenizer } = config;
  for (const needed of [WEIGHTS_FILE, ...(tokenizer.file === undefined ? [] : [tokenizer.file])]) {
    if (!Object.hasOwn(config.files, needed)) {
      throw new BundleError({ file, field: 'files', expected: `an entry for ${needed}`, got: 'none' });
    }
  }
  const id = identify(config);
  if (config.id !== id) fields.fail('id', id, `${config.id}: something in here was changed`);
  return config;
}

/** The id of a config, whatever the order of its fields. */
export function identify(
  config: Pick<BundleConfig, 'model' | 'filter' | 'tokenizer' | 'weights' | 'files'>,
): string {
  const { model, filter, tokenizer, weights, files } = config;
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      : value;
  const given = [model, filter, tokenizer, files, weights];
  const described = given.filter((value) => value !== undefined);
  return sha256OfText(JSON.stringify(described, sorted));
}

/** The names of a bundle's files, of a bundle of any version. Throws BundleError where it is none. */
export function readFileNames(json: Json, file: string): readonly string[] {
  const fields = Fields.of(json, file);
  fields.object('format').oneOf('name', [FORMAT_NAME]);
  return Object.keys(readFiles(fields.object('files')));
}

/** Holds dimensions from elsewhere to what a bundle may have. Throws BundleError. */
export function checkDimensions(model: HyenaDimensions, filter: FilterDimensions, file: string): void {
  const fieldsOf = (value: object, path: string): Fields =>
    Fields.of(new Map(Object.entries(value) as [string, Json][]), file, path);
  const fields = fieldsOf(model, 'model');
  fields.integer('order', ORDER);
  fields.integer('layers', LAYERS);
  fields.integer('width', CHANNELS);
  fields.integer('inner', CHANNELS);
  fields.integer('vocabulary', COUNT);
  fields.integer('context', CONTEXT);
  fields.number('normEps', EPSILON);
  readFilter(fieldsOf(filter, 'filter'));
}

function readModel(fields: Fields): ModelDimensions {
  const layers = fields.get('layers');
  if (!isArray(layers) || layers.length < LAYERS.min || layers.length > LAYERS.max) {
    fields.fail(
      'layers',
      `a list of ${LAYERS.min} to ${LAYERS.max}`,
      isArray(layers) ? `${layers.length}` : describe(layers),
    );
  }
  const model = {
    width: fields.integer('width', CHANNELS),
    vocabulary: fields.integer('vocabulary', COUNT),
    context: fields.integer('context', CONTEXT),
    layers: layers.map((layer, l) => readLayer(Fields.of(layer, fields.file, `${fields.path}.layers.${l}`))),
    norm: readNorm(fields.object('norm')),
  };
  const fits = model.layers.every((layer) => belongsTo(layer, model));
  if (!fits) fields.fail('layers', 'layers all alike, or those of recurrences and attention', 'others');
  fields.done();
  return model;
}

/**
 * Whether a layer can stand in this model: long convolutions are stacked over layers, which then are all alike; recurrences and
 * attention go with the norms and MLPs that there are graphs for.
 */
function belongsTo(layer: LayerSpec, { width, layers, norm }: ModelDimensions): boolean {
  if (convolutions(layers) > 0)
    return (
      isDeepStrictEqual(layer, layers[0]) &&
      isDeepStrictEqual(layer.norm, norm) &&
      layer.mlp.kind === 'gelu' &&
      norm.kind === 'layer'
    );
  const heads = layer.mixer.kind === 'attention' ? layer.mixer.heads : 1;
  return (
    layer.mlp.kind === 'gated' &&
    [layer.norm, norm].every(({ kind }) => kind === 'rms') &&
    width % (2 * heads) === 0
  );
}

function readLayer(fields: Fields): LayerSpec {
  const layer: LayerSpec = {
    mixer: readMixer(fields.object('mixer')),
    norm: readNorm(fields.object('norm')),
    mlp: readMlp(fields.object('mlp')),
  };
  fields.done();
  return layer;
}

const readActivation = (fields: Fields): Pick<MlpSpec & { kind: 'gated' }, 'activation'> =>
  fields.has('activation') ? { activation: fields.oneOf('activation', ACTIVATIONS) } : {};

function readMixer(fields: Fields): MixerSpec {
  const kind = fields.oneOf('kind', MIXERS);
  const read: { readonly [K in MixerSpec['kind']]: () => MixerSpec } = {
    hyena: () => ({ kind: 'hyena', order: fields.integer('order', ORDER), ...readActivation(fields) }),
    window: () => ({ kind: 'window', taps: fields.integer('taps', TAPS) }),
    modal: () => ({
      kind: 'modal',
      modes: fields.integer('modes', MODES),
      complex: readBoolean(fields, 'complex'),
    }),
    'data-dependent': () => ({ kind: 'data-dependent' }),
    attention: () => ({ kind: 'attention', heads: fields.integer('heads', CHANNELS) }),
  };
  const mixer = read[kind]();
  fields.done();
  return mixer;
}

function readMlp(fields: Fields): MlpSpec {
  const kind = fields.oneOf('kind', ['gelu', 'gated'] as const);
  const inner = fields.integer('inner', CHANNELS);
  const mlp: MlpSpec = kind === 'gelu' ? { kind, inner } : { kind, inner, ...readActivation(fields) };
  fields.done();
  return mlp;
}

function readNorm(fields: Fields): NormSpec {
  const norm = {
    kind: fields.oneOf('kind', ['layer', 'rms'] as const),
    epsilon: fields.number('epsilon', EPSILON),
  };
  fields.done();
  return norm;
}

function readFilter(fields: Fields): FilterDimensions {
  const filter = {
    features: fields.integer('features', { min: 3, max: 4097 }),
    hidden: fields.integer('hidden', CHANNELS),
    shift: fields.number('shift', { min: -1e6, max: 1e6 }),
    time: fields.oneOf('time', ['linear', 'log'] as const),
    ...(fields.has('modulate') && { modulate: readFalse(fields, 'modulate') }),
    ...(fields.has('normalized') && { normalized: readTrue(fields, 'normalized') }),
    ...(fields.has('skip') && { skip: readFalse(fields, 'skip') }),
    ...(fields.has('positions') && { positions: fields.oneOf('positions', ['stored'] as const) }),
  };
  if (filter.features % 2 === 0) {
    fields.fail('features', 'an odd number: a time, then cosines and sines', String(filter.features));
  }
  fields.done();
  return filter;
}

/** For switches that are left out when on. */
function readFalse(fields: Fields, name: string): false {
  const value = fields.get(name);
  if (value !== false) fields.fail(name, 'false', describe(value));
  return value;
}

function readNames(fields: Fields): TensorNames {
  const wrapped = fields.object('wrapped');
  const names: TensorNames = {
    stem: fields.string('stem', STEM, 'a prefix of tensor names'),
    ...(fields.has('head') && { head: fields.string('head', TENSOR_NAME, 'a tensor name') }),
    wrapped: { mixer: readBoolean(wrapped, 'mixer'), mlp: readBoolean(wrapped, 'mlp') },
    layout: fields.oneOf('layout', ['interleaved', 'stacked'] as const),
    positions: readBoolean(fields, 'positions'),
    ...(fields.has('aliases') && { aliases: readTrue(fields, 'aliases') }),
    ...(fields.has('renamed') && { renamed: readRenamed(fields.object('renamed')) }),
  };
  wrapped.done();
  fields.done();
  return names;
}

function readBoolean(fields: Fields, name: string): boolean {
  const value = fields.get(name);
  if (typeof value !== 'boolean') fields.fail(name, 'true or false', describe(value));
  return value;
}

function readTrue(fields: Fields, name: string): true {
  const value = fields.get(name);
  if (value !== true) fields.fail(name, 'true', describe(value));
  return value;
}

function readRenamed(fields: Fields): Record<string, string> {
  const renamed = Object.create(null) as Record<string, string>;
  for (const name of fields.names()) renamed[name] = fields.string(name, TENSOR_NAME, 'a tensor name');
  return renamed;
}

function readTokenizer(fields: Fields): TokenizerReference {
  const kind = fields.oneOf('kind', ['bpe', 'bytes', 'characters', 'ids'] as const);
  const named = kind === 'bpe' || fields.has('file');
  const file = named ? { file: fields.string('file', FILE_NAME, 'a plain file name') } : {};
  fields.done();
  return { kind, ...file };
}

function readWeights(fields: Fields): QuantisedWeights {
  const bits = fields.get('bits');
  if (bits !== 8 && bits !== 4) fields.fail('bits', '8 or 4', describe(bits));
  fields.done();
  return { bits };
}

function readFiles(fields: Fields): Record<string, FileEntry> {
  const files = Object.create(null) as Record<string, FileEntry>;
  for (const name of fields.names()) {
    if (!FILE_NAME.test(name)) fields.fail(name, 'a plain file name', JSON.stringify(name));
    const entry = fields.object(name);
    files[name] = {
      bytes: entry.integer('bytes', { min: 1, max: 2 ** 50 }),
      sha256: entry.string('sha256', SHA256, '64 lower-case hexadecimal digits'),
    };
    entry.done();
  }
  return files;
}
