/**
 * Makes bundles of the checkpoints people have.
 *
 * Nothing of the size of a weight is held longer than it takes to write it, because everything is pulled, from
 * the far end. Opening a checkpoint reads names, types and shapes only. `find.ts` picks the model among them, an
 * architecture infers its dimensions and checks that every tensor is there, of its shape, and none too many; what
 * it returns is a tree of functions (`Values`), each of which will read one tensor, convert it to float32 and
 * check that it is finite. The layers above wrap these functions in others that reorder channels, transpose,
 * stack. Only `writeBundle`, going through the tensors in the order of the file it writes, calls them: one tensor
 * comes down through container, pickle's window, checksum and conversion, and is written before the next is read.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type Bits,
  type BundleConfig,
  type QuantisedTensor,
  TOKENIZER_FILE,
  writeModel,
} from '../bundle/index.js';
import { checkpointFile, modelName, openCheckpoint, type TensorInfo } from '../container/index.js';
import { abortable, isObject, type Json, type Progress, readJsonFile } from '../format/index.js';
import { OTHER_HEADS } from './classifier.js';
import { findModel } from './find.js';
import { checkChoices, type Choices } from './architecture.js';
import { SAFARI } from './hyena/read.js';
import { describeLeftOut } from './left-out.js';
import { chooseTokenizer } from './tokenizer.js';
import { bundleCheckpoint } from './training.js';

/** What checkpoints do not say is told by these conventions, where it is not given. */
export interface ImportOptions extends Choices {
  /** The model's name. Default: the checkpoint's file name, or its directory's where that is `model` or the like. */
  readonly name?: string;
  /** A config.json. Default: the one beside the weights, if there is one. */
  readonly config?: string;
  /** A tokenizer.json, or a built-in tokenizer. Default: by the model's family. */
  readonly tokenizer?: string;
  /** Which of several models in the file: what the names of its tensors begin with. */
  readonly stem?: string;
  /** Quantises the weights. Left out: they are float32. */
  readonly bits?: Bits;
  readonly onProgress?: Progress;
  /** Ends it with the signal's reason; what was there is as it was. */
  readonly signal?: AbortSignal | undefined;
}

/** What was imported. */
export interface Imported {
  readonly config: BundleConfig;
  /** The file read. */
  readonly file: string;
  readonly container: string;
  readonly dialect: string;
  /** Values in the model, padding included; a tied head counts once. */
  readonly parameters: number;
  /** Matrices, if they were to be quantised. */
  readonly quantised: readonly QuantisedTensor[];
  /** What was taken for granted or left out, and what the bundle does not keep: a line each. */
  readonly notes: readonly string[];
  /** What makes the model other than it seems: a line each. */
  readonly warnings: readonly string[];
}

const NO_HEAD =
  'no head of a language model in the file, but another one: what it generates means nothing (embed --head gives what ' +
  'that head says)';

/**
 * Reads a checkpoint (a file, or a directory that holds one) and writes a bundle, tensor by tensor. Throws
 * BundleError, and a ChoiceError for an option that means nothing for the model.
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

  const opened = openCheckpoint(file);
  try {
    const notes: string[] = [];
    const found = findModel(opened, options.stem);
    const { architecture, source, leftOut } = found;
    checkChoices(architecture, options);
    const read = architecture.read(found, {
      checkpoint: opened,
      ...(config !== undefined && { config: { json: config, file: configFile! } }),
      chosen: options,
      leftOut,
      notes,
    });
    const note = describeLeftOut(
      leftOut.map((name) => source.givenName(name)),
      found.elsewhere,
    );
    if (note !== undefined) notes.push(note);
    const warnings: string[] = [];
    const quantised: QuantisedTensor[] = [];
    if (read.head === undefined) {
      const others = [...leftOut, ...found.elsewhere.map((place) => `${place}.`)];
      if (others.some((name) => OTHER_HEADS.test(name))) warnings.push(NO_HEAD);
      else notes.push('no head in the file: the embeddings, assumed');
    }
    const { tokenizer, tokenizerFile } = chooseTokenizer(
      options.tokenizer,
      beside(file, TOKENIZER_FILE),
      read.tokenizer,
      read.model.vocabulary,
      notes,
    );
    // The bundle holds nothing of the file: the same weights and settings make the same bundle, byte for byte.
    const { model, filter, names, headed, values, family } = read;
    const written = await writeModel(directory, {
      name: options.name ?? modelName(file),
      model,
      ...(filter && { filter }),
      tokenizer,
      ...(names && { names }),
      provenance: { family, notes: [...notes, ...warnings] },
      headed,
      values,
      bits: options.bits,
      onQuantised: (tensor) => quantised.push(tensor),
      ...(tokenizerFile && { tokenizerFile }),
      onProgress: abortable(options.signal, options.onProgress),
    });
    // A head that is tied is a tensor of its own in the file, or the embeddings by their name.
    const tied = headed || read.head === found.stem + architecture.landmark ? [] : [read.head];
    return {
      config: written,
      file,
      container: opened.container,
      dialect: read.dialect,
      parameters: countParameters(source.tensors, new Set([...leftOut, ...tied])),
      quantised,
      notes,
      warnings,
    };
  } finally {
    opened.close();
  }
}

/** A checkpoint directory of this project's training: its config says everything. */
async function importOwn(file: string, directory: string, options: ImportOptions): Promise<Imported> {
  const quantised: QuantisedTensor[] = [];
  const config = await bundleCheckpoint(dirname(file), directory, {
    weights: file,
    bits: options.bits,
    onQuantised: (tensor) => quantised.push(tensor),
    onProgress: abortable(options.signal, options.onProgress),
    strict: true,
  });
  const opened = openCheckpoint(file);
  const { tensors } = findModel(opened, SAFARI.stem).source;
  opened.close();
  const ignored = Object.keys(options).filter(
    (name) => !['onProgress', 'signal', 'config', 'bits'].includes(name),
  );
  return {
    config,
    file,
    container: opened.container,
    dialect: 'flashinf training',
    parameters: countParameters(tensors, new Set()),
    quantised,
    notes: ignored.length === 0 ? [] : [`ignored, as its config says everything: ${ignored.join(', ')}`],
    warnings: [],
  };
}

/** Whether a config.json is this project's: it gives the sizes under names of its own. */
function isOwn(config: Json): boolean {
  const model = isObject(config) ? config.get('model') : undefined;
  return model !== undefined && isObject(model) && model.has('layers') && model.has('width');
}

function countParameters(
  tensors: ReadonlyMap<string, TensorInfo>,
  leftOut: ReadonlySet<string | undefined>,
): number {
  // Positions are no parameters, and the frequencies have three names.
  const counts = (name: string): boolean =>
    !leftOut.has(name) && !/\.pos_emb\.|\.[35]\.freq$|\.inv_freq$|\.filter\.t$/.test(name);
  return [...tensors]
    .filter(([name]) => counts(name))
    .reduce((sum, [, { shape }]) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
}

function beside(file: string, name: string): string | undefined {
  const path = join(dirname(file), name);
  return existsSync(path) ? path : undefined;
}
