import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BundleError, openModel, type HyenaModel, type OpenOptions } from '../model/index.js';
import { bpeTokenizer, byteTokenizer, type Tokenizer } from '../text/index.js';

export interface Loaded {
  readonly model: HyenaModel;
  readonly tokenizer: Tokenizer;
}

/** Opens a bundle and its tokenizer. Throws a BundleError if either is not valid. */
export async function load(directory: string, options: OpenOptions = {}): Promise<Loaded> {
  const model = await openModel(directory, options);
  return { model, tokenizer: await loadTokenizer(model) };
}

async function loadTokenizer(model: HyenaModel): Promise<Tokenizer> {
  const { kind, file } = model.config.tokenizer;
  if (kind === 'bytes') return byteTokenizer();
  if (kind !== 'bpe' || file === undefined) {
    throw new BundleError({ file: 'config.json', field: 'tokenizer', expected: 'a known kind', got: kind });
  }
  const problem = (expected: string, got: string): BundleError =>
    new BundleError({ file: join(model.directory, file), expected, got });
  let tokenizer: Tokenizer;
  try {
    tokenizer = bpeTokenizer(JSON.parse(await readFile(join(model.directory, file), 'utf8')) as object);
  } catch (error) {
    throw problem('a tokenizer.json of byte-level BPE', (error as Error).message);
  }
  const { vocabulary } = model.config.model;
  if (tokenizer.size > vocabulary) throw problem(`at most ${vocabulary} tokens`, `${tokenizer.size}`);
  return tokenizer;
}
