/** Writes bundles. */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  type HyenaDimensions,
  hyenaModel,
  hyenaTensors,
  hyenaValues,
  type HyenaWeights,
} from '../hyena/index.js';
import { elements } from '../onnx/index.js';
import { otherThanBundle } from './bundle.js';
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
import { layOut } from './weights-file.js';
import { parseJson, type Progress } from '../format/index.js';

/** Bytes hashed and written at a time: some ten milliseconds, after which signals are heard. */
const STRETCH = 1 << 24;

/** All of a bundle but the files' hashes. */
export interface BundleContent extends Omit<BundleConfig, 'format' | 'id' | 'model' | 'files'> {
  readonly model: HyenaDimensions;
  readonly weights: HyenaWeights;
  /** Bytes of weights written so far, and in all. May throw, which ends the writing and takes all of it back. */
  readonly onProgress?: Progress;
  /** The content of `tokenizer.file`. */
  readonly tokenizerFile?: Uint8Array;
}

/**
 * Writes a bundle to `directory`, replacing one that is there, through links. It is written beside its place, or
 * within an empty directory, and then moved, so that no reader ever sees half of it. Throws where something other
 * than a bundle is there, and what the system says.
 */
export async function writeBundle(directory: string, content: BundleContent): Promise<BundleConfig> {
  const other = existsSync(directory) ? otherThanBundle(directory) : undefined;
  if (other !== undefined) throw new Error(`${directory} is ${other}`);
  const place = preparePlace(directory);
  try {
    const config = await writeFiles(place.fresh, content);
    place.settle();
    return config;
  } catch (error) {
    place.discard();
    throw error;
  }
}

async function writeFiles(directory: string, content: BundleContent): Promise<BundleConfig> {
  const { name, model, filter, tokenizer, names, provenance, weights } = content;
  const files: Record<string, FileEntry> = {};
  const write = async (file: string, parts: Iterable<Uint8Array>): Promise<void> => {
    files[file] = await writeFile(join(directory, file), parts);
  };

  const shapes = hyenaTensors(model, filter, weights.head !== undefined);
  const values = hyenaValues(model, filter, weights);
  const place = layOut(shapes);
  const parts = function* (): Generator<Uint8Array> {
    yield place.header;
    for (const name of place.names) yield bytesOf(name, shapes.get(name)!, values.get(name)!());
  };
  await write(WEIGHTS_FILE, reported(parts(), place.bytes, content.onProgress));
  if (tokenizer.file !== undefined) {
    if (content.tokenizerFile === undefined) throw new Error(`${tokenizer.file} has no content`);
    await write(tokenizer.file, [content.tokenizerFile]);
  }

  const described = { model: hyenaModel(model), filter, tokenizer, ...(names && { names }), files };
  const format = { name: FORMAT_NAME, version: FORMAT_VERSION } as const;
  const config: BundleConfig = { format, name, id: identify(described), ...described, provenance };
  const text = new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
  // What cannot be read back must not be written.
  readConfig(parseJson(text, CONFIG_FILE), CONFIG_FILE);
  writeFileSync(join(directory, CONFIG_FILE), text);
  return config;
}

function bytesOf(name: string, dims: readonly number[], values: Float32Array): Uint8Array {
  if (values.length !== elements(dims)) {
    throw new RangeError(`${name}: ${values.length} values do not fill [${dims.join(', ')}]`);
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function* reported(parts: Iterable<Uint8Array>, total: number, report?: Progress): Generator<Uint8Array> {
  let done = 0;
  report?.(done, total);
  for (const part of parts) {
    for (let at = 0; at < part.length; at += STRETCH) {
      const stretch = part.subarray(at, at + STRETCH);
      yield stretch;
      done += stretch.length;
      report?.(done, total);
    }
  }
}

async function writeFile(file: string, parts: Iterable<Uint8Array>): Promise<FileEntry> {
  const hash = createHash('sha256');
  const descriptor = openSync(file, 'wx');
  let bytes = 0;
  let heard = 0;
  try {
    for (const part of parts) {
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
