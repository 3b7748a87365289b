import { readdirSync, statSync } from 'node:fs';
import { load, type Loaded, loadTokenizer } from '../generation/index.js';
import { openBundle } from '../bundle/index.js';
import { BundleError } from '../format/index.js';
import type { Tokenizer } from '../text/index.js';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import type { KEY_VALUES, MIXER, ModelOptions, OptionValues } from './options/index.js';

/**
 * Loads the model that `-m` names.
 *
 * @param batch texts side by side. Default: 1
 * @throws BundleError, which says what to type where it is a checkpoint; UsageError for a mixer that the model does not take
 */
export async function loadModel(
  {
    model,
    threads,
    device,
    keyValues,
    mixer = 'tiled',
  }: ModelOptions & Partial<OptionValues<typeof KEY_VALUES & typeof MIXER>>,
  io: Io,
  batch = 1,
): Promise<Loaded> {
  let loaded: Loaded;
  try {
    loaded = await io.during(
      'loading the model',
      load(model, { threads, device, batch, ...(keyValues && { keyValues }) }),
    );
  } catch (error) {
    throw advised(error, model);
  }
  if (loaded.model.filter === undefined || mixer !== 'eager') return loaded;
  await loaded.model.close();
  throw new UsageError(
    `--mixer ${mixer} is not for filters that depend on the data: they take tiled or lazy`,
  );
}

/** The tokenizer alone of the model that `-m` names. */
export function loadTokenizerOf(model: string): Tokenizer {
  try {
    const bundle = openBundle(model);
    try {
      return loadTokenizer(bundle);
    } finally {
      bundle.close();
    }
  } catch (error) {
    throw advised(error, model);
  }
}

/** An error of opening a bundle, with what to type instead where that is known. */
function advised(error: unknown, path: string): unknown {
  if (!(error instanceof BundleError)) return error;
  const command = `flashinf import ${isHubName(path) ? 'CHECKPOINT' : path} -o DIR`;
  const what = whatElse(path, error);
  if (what === undefined) return error;
  const got = `${what}: \`${command}\` makes a bundle of a checkpoint`;
  return new BundleError({ file: path, expected: 'a model bundle', got }, { cause: error });
}

const WEIGHTS = /\.(safetensors|safetensors\.index\.json|bin|bin\.index\.json|pt|pth|ckpt)$/;
const isHubName = (path: string): boolean => /^[\w-]+\/[\w.-]+$/.test(path) && kindOf(path) === undefined;

/** What is there that is no bundle, if it is something people have. */
function whatElse(path: string, { field, got }: BundleError): string | undefined {
  const kind = kindOf(path);
  if (kind === undefined) return isHubName(path) ? 'nothing there' : undefined;
  if (kind === 'file') return WEIGHTS.test(path) ? 'a checkpoint' : undefined;
  const names = readdirSync(path);
  if (names.includes('snapshots')) return "a hub's cache folder";
  const isConfigured = names.includes('config.json') && !(field === 'format' && got === 'none');
  return !isConfigured && names.some((name) => WEIGHTS.test(name)) ? 'a checkpoint' : undefined;
}

function kindOf(path: string): 'file' | 'directory' | undefined {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'file';
  } catch {
    return undefined;
  }
}
