import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BundleError, openModel, type LanguageModel, type OpenOptions } from '../model/index.js';
import { byteTokenizer, characterTokenizer, checkTokenizer, type Tokenizer } from '../text/index.js';

export interface Loaded {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
}

/** The bundle that comes with the package. */
export const SHIPPED_MODEL = fileURLToPath(new URL('../../models/hyena-classics', import.meta.url));

/** Opens a bundle, the shipped one by default, and its tokenizer. Throws a BundleError if either is not valid. */
export async function load(directory = SHIPPED_MODEL, options: OpenOptions = {}): Promise<Loaded> {
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
  if (kind === 'bytes') return byteTokenizer();
  if (kind === 'characters') return characterTokenizer();
  if (file === undefined || model.tokenizerFile === undefined) {
    throw new BundleError({ file: 'config.json', field: 'tokenizer', expected: 'a file', got: 'none' });
  }
  const path = join(model.directory, file);
  return checkTokenizer(model.tokenizerFile, path, dimensions.vocabulary);
}
