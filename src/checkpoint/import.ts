/** Makes bundles of the checkpoints people have. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import {
  checkDimensions,
  TOKENIZER_FILE,
  type BundleConfig,
  type TensorNames,
  type TokenizerReference,
} from '../bundle/config.js';
import { isObject, type Json } from '../format/json.js';
import type { Progress } from '../model/types.js';
import { writeBundle } from '../bundle/write.js';
import { checkTokenizer, LONGEST_TOKENIZER } from '../text/index.js';
import { defaultLayout, detectDialect, detectFamily, keptStem, type Family } from './hyena/dialect.js';
import { inferDimensions, type Dimensions } from './hyena/dimensions.js';
import { bundleCheckpoint } from './training.js';
import { readSmallFile } from '../format/file.js';
import { readHyena } from './hyena/read.js';
import { EMBEDDINGS } from './hyena/names.js';
import { checkpointFile, openCheckpoint } from '../container/open.js';
import { positionsDiffer } from './hyena/positions.js';
import { readJsonFile, readSettings, type CheckpointSettings } from './hyena/settings.js';

export interface ImportOptions {
  /** The model's name. Default: the checkpoint's file name, or its directory's where that is `model` or the like. */
  readonly name?: string;
  /** A config.json. Default: the one beside the weights, if there is one. */
  readonly config?: string;
  /** A tokenizer.json, or a built-in tokenizer. Default: by the model's family. */
  readonly tokenizer?: string;
  readonly family?: Family;
  readonly shift?: number;
  readonly modulate?: boolean;
  readonly layout?: TensorNames['layout'];
  readonly context?: number;
  readonly normEps?: number;
  readonly onProgress?: Progress;
}

export interface Imported {
  readonly config: BundleConfig;
  /** The file read. */
  readonly file: string;
  readonly container: string;
  readonly dialect: string;
  /** Values in the model, padding included; a tied head counts once. */
  readonly parameters: number;
  /** What was taken for granted or left out, and what the bundle does not keep: a line each. */
  readonly notes: readonly string[];
}

/** What checkpoints do not say, by family. */
const SHIFT = { hyenadna: 0.05, safari: 0 } as const;
/** PyTorch's default. */
const NORM_EPS = 1e-5;

/**
 * Reads a checkpoint (a file, or a directory that holds one) and writes a bundle, tensor by tensor. Throws
 * BundleError.
 */
export async function importCheckpoint(
  checkpoint: string,
  directory: string,
  options: ImportOptions = {},
): Promise<Imported> {
  const file = checkpointFile(checkpoint);
  const configFile = options.config ?? beside(file, 'config.json');
  const config = configFile === undefined ? undefined : readJsonFile(configFile);
  if (config !== undefined && isOwn(config)) return await importOwn(file, directory, options);
  const settings = config === undefined ? {} : readSettings(config, configFile!);

  const source = openCheckpoint(file);
  try {
    const notes: string[] = [];
    const dialect = detectDialect(source);
    const { stem } = dialect.names;
    const rows = source.tensors.get(stem + EMBEDDINGS)?.shape[0] ?? 0;
    const family = options.family ?? detectFamily(stem, rows, settings.modelType?.value);
    notes.push(`${family === 'hyenadna' ? 'HyenaDNA' : 'safari'} conventions`);
    const choices = choose(options, settings, family, notes);
    const { model, filter } = withPositions(
      checked(inferDimensions(source, dialect.names, choices, settings), source.file),
      (dimensions) => dialect.names.positions && positionsDiffer(source, dimensions.model, dimensions.filter),
      notes,
    );
    const layout = options.layout ?? defaultLayout(stem, family);
    if (model.order > 2) notes.push(`filters of the ${model.order - 1} convolutions ${layout}`);
    if (dialect.ignored.length > 0) notes.push(`left out: ${dialect.ignored.join(', ')}`);
    if (settings.context !== undefined && settings.context.value !== model.context) {
      notes.push(`context ${model.context}, not the ${settings.context.value} of ${settings.context.field}`);
    }

    const names: TensorNames = { ...dialect.names, layout };
    const weights = readHyena(source, model, filter, names, dialect.ignored);
    const { tokenizer, tokenizerFile } = chooseTokenizer(options, file, family, model.vocabulary, notes);
    const kept = keptStem(stem, family);
    // The bundle holds nothing of the file: the same weights and settings make the same bundle, byte for byte.
    const config = await writeBundle(directory, {
      name: options.name ?? defaultName(file),
      model,
      filter,
      tokenizer,
      names: { ...names, stem: kept },
      provenance: { family, notes },
      weights,
      ...(tokenizerFile && { tokenizerFile }),
      ...(options.onProgress && { onProgress: options.onProgress }),
    });
    return {
      config,
      file,
      container: source.container,
      dialect: dialect.title,
      parameters: countParameters(
        [...source.tensors],
        dialect.ignored,
        weights.head === undefined,
        names.head,
      ),
      notes: kept === stem ? notes : [...notes, `export gives the names back with --stem ${stem}`],
    };
  } finally {
    source.close();
  }
}

function choose(
  options: ImportOptions,
  settings: CheckpointSettings,
  family: Family,
  notes: string[],
): { shift: number; modulate: boolean; normEps: number; context?: number } {
  const pick = <T>(what: string, option: T | undefined, setting: { value: T } | undefined, assumed: T): T => {
    if (option !== undefined) return option;
    if (setting !== undefined) return setting.value;
    notes.push(`${what} ${String(assumed)}, assumed`);
    return assumed;
  };
  const modulate = pick('modulate', options.modulate, settings.modulate, true);
  return {
    modulate,
    shift: pick('shift', options.shift, settings.shift, SHIFT[family]),
    normEps: pick('norm epsilon', options.normEps, settings.normEps, NORM_EPS),
    ...(options.context !== undefined && { context: options.context }),
  };
}

/** What no bundle can hold is refused before anything is computed with it. */
function checked(dimensions: Dimensions, file: string): Dimensions {
  checkDimensions(dimensions.model, dimensions.filter, file);
  return dimensions;
}

function withPositions(
  dimensions: Dimensions,
  differ: (dimensions: Dimensions) => boolean,
  notes: string[],
): Dimensions {
  if (!differ(dimensions)) return dimensions;
  notes.push('positions (pos_emb) are trained, and kept');
  return { ...dimensions, filter: { ...dimensions.filter, positions: 'stored' } };
}

interface ChosenTokenizer {
  readonly tokenizer: TokenizerReference;
  readonly tokenizerFile?: Uint8Array;
}

function chooseTokenizer(
  { tokenizer }: ImportOptions,
  weights: string,
  family: Family,
  vocabulary: number,
  notes: string[],
): ChosenTokenizer {
  if (tokenizer === 'characters' || tokenizer === 'bytes') return { tokenizer: { kind: tokenizer } };
  const file = tokenizer ?? beside(weights, TOKENIZER_FILE);
  if (file !== undefined) {
    const content = readSmallFile(file, 'a tokenizer.json', LONGEST_TOKENIZER);
    checkTokenizer(content, file, vocabulary);
    return { tokenizer: { kind: 'bpe', file: TOKENIZER_FILE }, tokenizerFile: content };
  }
  if (family === 'hyenadna') return { tokenizer: { kind: 'characters' } };
  notes.push('no tokenizer given: one token per byte, assumed');
  return { tokenizer: { kind: 'bytes' } };
}

/** A checkpoint directory of this project's training: its config says everything. */
async function importOwn(file: string, directory: string, options: ImportOptions): Promise<Imported> {
  const config = await bundleCheckpoint(dirname(file), directory, {
    ...(options.onProgress && { onProgress: options.onProgress }),
    strict: true,
  });
  const source = openCheckpoint(file);
  const tensors = [...source.tensors];
  source.close();
  const ignored = Object.keys(options).filter((name) => name !== 'onProgress' && name !== 'config');
  return {
    config,
    file,
    container: 'safetensors',
    dialect: 'flashinf training',
    parameters: countParameters(tensors, [], false),
    notes: ignored.length === 0 ? [] : [`ignored, as its config says everything: ${ignored.join(', ')}`],
  };
}

function isOwn(config: Json): boolean {
  const model = isObject(config) ? config.get('model') : undefined;
  return model !== undefined && isObject(model);
}

function countParameters(
  tensors: readonly (readonly [string, { readonly shape: readonly number[] }])[],
  ignored: readonly string[],
  tied: boolean,
  head?: string,
): number {
  // Positions are no parameters, and the frequencies have three names.
  const counts = (name: string): boolean =>
    !ignored.includes(name) && !/\.pos_emb\.|\.[35]\.freq$/.test(name) && !(tied && name === head);
  return tensors
    .filter(([name]) => counts(name))
    .reduce((sum, [, { shape }]) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
}

function beside(file: string, name: string): string | undefined {
  const path = join(dirname(file), name);
  return existsSync(path) ? path : undefined;
}

/** Names that say what a file is, not what model is in it. */
const NO_NAME = /^(model|pytorch_model|weights|checkpoint)\b/;

/** The file's name, or its directory's where that says more. */
function defaultName(file: string): string {
  const name = basename(file, extname(file));
  return NO_NAME.test(name) ? basename(dirname(resolve(file))) || name : name;
}
