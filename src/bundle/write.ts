/** Writes bundles. */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BundleError, parseJson, type Progress } from '../format/index.js';
import {
  type FilterDimensions,
  type HyenaDimensions,
  hyenaModel,
  hyenaValues,
  type HyenaWeights,
  orientationOf,
  type Values,
} from '../hyena/index.js';
import { scalesOf } from '../layers/index.js';
import { elements, type Packing } from '../onnx/index.js';
import { type Bundle, openBundle, otherThanBundle } from './bundle.js';
import {
  CONFIG_FILE,
  FORMAT_NAME,
  FORMAT_VERSION,
  identify,
  readConfig,
  WEIGHTS_FILE,
  type BundleConfig,
  type FileEntry,
} from './config.js';
import { preparePlace } from './place.js';
import { type Bits, hasHead, outputsOf, packingOf, quantise, storedTensors } from './quantised.js';
import { modelTensors } from './tensors.js';
import { layOut } from './weights-file.js';

/** Bytes hashed and written at a time: some ten milliseconds, after which signals are heard. */
const STRETCH = 1 << 24;

/** A matrix that was quantised, or that could not be: no block divides its rows. */
export interface QuantisedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** Left out: it stays float32. */
  readonly packing?: Packing;
  /** Relative: the norm of what it is off by, over its own. */
  readonly error: number;
}

/** How a bundle is written. */
export interface WriteOptions {
  /** Quantises the matrices that tokens are multiplied with, embeddings and head. Left out: weights stay as they are. */
  readonly bits?: Bits | undefined;
  /** Receives each matrix when it has been quantised. */
  readonly onQuantised?: ((tensor: QuantisedTensor) => void) | undefined;
  /** Bytes of weights written so far, and in all. May throw, which ends the writing and takes all of it back. */
  readonly onProgress?: Progress | undefined;
}

/** All of a bundle but the files' hashes. */
export interface BundleContent
  extends Omit<BundleConfig, 'format' | 'id' | 'model' | 'filter' | 'weights' | 'files'>, WriteOptions {
  readonly model: HyenaDimensions;
  readonly filter: FilterDimensions;
  readonly weights: HyenaWeights;
  /** The content of `tokenizer.file`. */
  readonly tokenizerFile?: Uint8Array;
}

/** All of a bundle of any model but the files' hashes. */
export interface ModelContent
  extends Omit<BundleConfig, 'format' | 'id' | 'weights' | 'files'>, WriteOptions {
  /** Whether the head is a matrix of its own. */
  readonly headed: boolean;
  /** The model's tensors by name. */
  readonly values: ReadonlyMap<string, Values>;
  /** The content of `tokenizer.file`. */
  readonly tokenizerFile?: Uint8Array;
}

/**
 * Writes a bundle to `directory`, replacing one that is there, through links. It is written beside its place, or
 * within an empty directory, and then moved, so that no reader ever sees half of it. Throws where something other
 * than a bundle is there, and what the system says.
 */
export async function writeBundle(directory: string, content: BundleContent): Promise<BundleConfig> {
  const { weights, ...rest } = content;
  const values = hyenaValues(content.model, content.filter, weights);
  const model = hyenaModel(content.model);
  return await writeModel(directory, { ...rest, model, headed: weights.head !== undefined, values });
}

/** `writeBundle`, of any model. */
export async function writeModel(directory: string, content: ModelContent): Promise<BundleConfig> {
  return await inPlace(directory, (fresh) => writeFiles(fresh, content));
}

/**
 * Writes a bundle of float32 weights once more, with quantised ones. Returns what both say. Throws a BundleError where there is
 * no such bundle, and as `writeBundle` does.
 */
export async function quantiseBundle(
  directory: string,
  target: string,
  options: WriteOptions & { readonly bits: Bits },
): Promise<{ readonly config: BundleConfig; readonly before: BundleConfig }> {
  const bundle = openBundle(directory);
  try {
    const { weights } = bundle.config;
    if (weights !== undefined) {
      const file = join(directory, CONFIG_FILE);
      throw new BundleError({
        file,
        field: 'weights',
        expected: 'none but float32',
        got: `${weights.bits} bits`,
      });
    }
    return { config: await writeQuantised(bundle, target, options), before: bundle.config };
  } finally {
    bundle.close();
  }
}

async function writeQuantised(
  { config, weights, tokenizerFile }: Bundle,
  directory: string,
  options: WriteOptions,
): Promise<BundleConfig> {
  const headed = weights.tensors.has('head');
  const names = [...modelTensors(config, headed).keys()];
  const values = new Map(names.map((name) => [name, (): Float32Array => weights.values(name)]));
  const provenance = { ...config.provenance, quantised_from: config.id };
  return await inPlace(directory, (fresh) =>
    writeFiles(fresh, {
      ...config,
      provenance,
      ...options,
      headed,
      values,
      ...(tokenizerFile && { tokenizerFile }),
    }),
  );
}

async function inPlace(
  directory: string,
  write: (fresh: string) => Promise<BundleConfig>,
): Promise<BundleConfig> {
  const other = existsSync(directory) ? otherThanBundle(directory) : undefined;
  if (other !== undefined) throw new Error(`${directory} is ${other}`);
  const place = preparePlace(directory);
  try {
    const config = await write(place.fresh);
    place.settle();
    return config;
  } catch (error) {
    place.discard();
    throw error;
  }
}

async function writeFiles(directory: string, content: ModelContent): Promise<BundleConfig> {
  const { name, model, filter, tokenizer, names, provenance, bits } = content;
  const headed = hasHead(content.headed, bits);
  const files: Record<string, FileEntry> = {};
  const write = async (
    file: string,
    parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<void> => {
    files[file] = await writeFile(join(directory, file), parts);
  };

  const place = layOut(storedTensors(modelTensors(content, headed), bits));
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    yield place.header;
    yield* tensorParts(place.names, content);
  };
  await write(WEIGHTS_FILE, reported(parts(), place.bytes, content.onProgress));
  if (tokenizer.file !== undefined) {
    if (content.tokenizerFile === undefined) throw new Error(`${tokenizer.file} has no content`);
    await write(tokenizer.file, [content.tokenizerFile]);
  }

  const weights = bits && { weights: { bits } };
  const described = {
    model,
    ...(filter && { filter }),
    tokenizer,
    ...weights,
    ...(names && { names }),
    files,
  };
  const format = { name: FORMAT_NAME, version: FORMAT_VERSION } as const;
  const config: BundleConfig = { format, name, id: identify(described), ...described, provenance };
  const text = new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
  // What cannot be read back must not be written.
  readConfig(parseJson(text, CONFIG_FILE), CONFIG_FILE);
  writeFileSync(join(directory, CONFIG_FILE), text);
  return config;
}

/** The bytes of the tensors, in the order of these names: theirs, and those of quantised ones' scales. */
async function* tensorParts(
  order: readonly string[],
  { model, filter, headed, values, bits, onQuantised }: ModelContent,
): AsyncGenerator<Uint8Array> {
  const shapes = modelTensors({ model, ...(filter && { filter }) }, hasHead(headed, bits));
  const valuesOf = (name: string): Values => values.get(name === 'head' && !headed ? 'embeddings' : name)!;
  // What a quantised tensor and its scales are made of is made once: whichever comes second is kept.
  const kept = new Map<string, Uint8Array>();
  const owners = new Map([...shapes.keys()].map((name) => [scalesOf(name), name]));
  for (const stored of order) {
    const name = owners.get(stored) ?? stored;
    const dims = shapes.get(name)!;
    const packing = bits && packingOf(name, dims, bits);
    if (packing === undefined) {
      const whole = checked(name, dims, valuesOf(name)());
      if (bits && orientationOf(name)) onQuantised?.({ name, dims, error: 0 });
      yield toBytes(whole);
      continue;
    }
    if (!kept.has(stored)) {
      const { bytes, scales, error } = await quantise(
        checked(name, dims, outputsOf(name, dims, valuesOf(name))),
        packing,
      );
      kept.set(name, bytes).set(scalesOf(name), toBytes(scales));
      onQuantised?.({ name, dims, packing, error });
    }
    yield kept.get(stored)!;
    kept.delete(stored);
  }
}

function checked(name: string, dims: readonly number[], values: Float32Array): Float32Array {
  if (values.length === elements(dims)) return values;
  throw new RangeError(`${name}: ${values.length} values do not fill [${dims.join(', ')}]`);
}

const toBytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

async function* reported(
  parts: AsyncIterable<Uint8Array>,
  total: number,
  report?: Progress,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  report?.(done, total);
  for await (const part of parts) {
    for (let at = 0; at < part.length; at += STRETCH) {
      const stretch = part.subarray(at, at + STRETCH);
      yield stretch;
      done += stretch.length;
      report?.(done, total);
    }
  }
}

async function writeFile(
  file: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<FileEntry> {
  const hash = createHash('sha256');
  const descriptor = openSync(file, 'wx');
  let bytes = 0;
  let heard = 0;
  try {
    for await (const part of parts) {
      hash.update(part);
      for (let at = 0; at < part.length;) at += writeSync(descriptor, part, at);
      bytes += part.length;
      if (bytes - heard < STRETCH) continue;
      heard = bytes;
      await setImmediate();
    }
  } finally {
    closeSync(descriptor);
  }
  return { bytes, sha256: hash.digest('hex') };
}
