/** A checkpoint directory as the training script leaves it, and the bundle made of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BundleConfig,
  type WriteOptions,
  checkDimensions,
  type FilterDimensions,
  type HyenaDimensions,
  LABEL,
  TOKENIZER_FILE,
  type TokenizerReference,
  writeBundle,
} from '../bundle/index.js';
import { Fields, readJsonFile, readSmallFile } from '../format/index.js';
import { checkTokenizer, LONGEST_TOKENIZER } from '../text/index.js';
import { readHyena, SAFARI } from './hyena/read.js';
import { openCheckpoint } from '../container/index.js';
import { findModel } from './find.js';

/** PyTorch's default, which no checkpoint of this kind changes. */
const NORM_EPS = 1e-5;
const COUNT = { min: 1, max: 1 << 27 };

export interface DirectoryOptions extends WriteOptions {
  /** The weights' file. Default: the directory's `model.safetensors`. */
  readonly weights?: string;
  /** Checks the tokenizer too, which otherwise only whoever opens the bundle does. */
  readonly strict?: boolean;
}

/** Reads the weights, `config.json` and, if there is one, `tokenizer.json`; writes a bundle. */
export async function bundleCheckpoint(
  checkpoint: string,
  directory: string,
  {
    weights: file = join(checkpoint, 'model.safetensors'),
    strict = false,
    ...options
  }: DirectoryOptions = {},
): Promise<BundleConfig> {
  const { name, model, filter, provenance } = readCheckpointConfig(join(checkpoint, 'config.json'));
  const tokenizerPath = join(checkpoint, TOKENIZER_FILE);
  const tokenizerFile = existsSync(tokenizerPath)
    ? readSmallFile(tokenizerPath, 'a tokenizer.json', LONGEST_TOKENIZER)
    : undefined;
  const tokenizer: TokenizerReference =
    tokenizerFile === undefined ? { kind: 'bytes' } : { kind: 'bpe', file: TOKENIZER_FILE };
  if (strict && tokenizerFile !== undefined) checkTokenizer(tokenizerFile, tokenizerPath, model.vocabulary);
  checkDimensions(model, filter, join(checkpoint, 'config.json'));
  const opened = openCheckpoint(file);
  try {
    const { source } = findModel(opened, SAFARI.stem);
    const weights = readHyena(source, model, filter);
    return await writeBundle(directory, {
      name,
      model,
      filter,
      tokenizer,
      provenance,
      weights,
      ...(tokenizerFile && { tokenizerFile }),
      ...options,
    });
  } finally {
    opened.close();
  }
}

interface CheckpointConfig {
  readonly name: string;
  readonly model: HyenaDimensions;
  readonly filter: FilterDimensions;
  readonly provenance: Record<string, unknown>;
}

/** The model's dimensions under the names of the training script. */
function readCheckpointConfig(file: string): CheckpointConfig {
  const fields = Fields.of(readJsonFile(file), file);
  const model = fields.object('model');
  if (model.has('balanced') && model.get('balanced') !== false) {
    model.fail('balanced', 'false: the scale of training folded into the weights', 'something else');
  }
  return {
    name: fields.string('name', LABEL, 'a name of 1 to 200 characters'),
    provenance: fields.has('provenance') ? fields.object('provenance').plain() : {},
    model: {
      order: 2,
      layers: model.integer('layers', COUNT),
      width: model.integer('width', COUNT),
      inner: model.integer('inner', COUNT),
      vocabulary: model.integer('vocabulary', COUNT),
      context: model.integer('context', COUNT),
      normEps: NORM_EPS,
    },
    filter: {
      features: model.integer('features', COUNT),
      hidden: model.integer('filter_width', COUNT),
      shift: model.number('shift', { min: -1e6, max: 1e6 }),
      time: model.oneOf('time', ['linear', 'log'] as const),
    },
  };
}
