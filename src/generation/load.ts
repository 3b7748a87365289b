import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONFIG_FILE } from '../bundle/index.js';
import { BundleError } from '../format/index.js';
import { openModel, type LanguageModel, type OpenOptions } from '../model/index.js';
import { checkLoadOptions } from './options.js';
import {
  byteTokenizer,
  characterTokenizer,
  checkTokenizer,
  idTokenizer,
  type Tokenizer,
} from '../text/index.js';

/** A model and the tokenizer that goes with it. */
export interface Loaded {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
}

/** The bundle that comes with the package. */
export const SHIPPED_MODEL = fileURLToPath(new URL('../../models/hyena-classics', import.meta.url));

/** Opens a bundle, the shipped one by default, and its tokenizer. Throws a BundleError if either is not valid. */
export async function load(directory = SHIPPED_MODEL, options: OpenOptions = {}): Promise<Loaded> {
  checkLoadOptions(options);
  const model = await openModel(directory, options);
  try {
    return { model, tokenizer: loadTokenizer(model) };
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** The tokenizer of a bundle alone. Throws a BundleError if it is not valid. */
export function loadTokenizer(
  model: Pick<LanguageModel, 'config' | 'directory' | 'tokenizerFile'>,
): Tokenizer {
  const { tokenizer, model: dimensions } = model.config;
  const { kind, file } = tokenizer;
  const { vocabulary } = dimensions;
  if (kind === 'bpe') {
    const path = join(model.directory, file ?? '');
    if (model.tokenizerFile === undefined) {
      throw new BundleError({ file: path, expected: 'a tokenizer.json', got: 'none' });
    }
    return checkTokenizer(model.tokenizerFile, path, vocabulary);
  }
  if (kind === 'ids') return idTokenizer(vocabulary);
  const builtIn = kind === 'bytes' ? byteTokenizer() : characterTokenizer();
  if (builtIn.size > vocabulary) {
    const expected = `at least ${builtIn.size}, the ids of the tokenizer "${kind}"`;
    const path = join(model.directory, CONFIG_FILE);
    throw new BundleError({ file: path, field: 'model.vocabulary', expected, got: String(vocabulary) });
  }
  return builtIn;
}
