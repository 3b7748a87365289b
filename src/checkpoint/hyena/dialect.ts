/** Which program a checkpoint comes from, told by its tensors' names. */
import type { TensorNames } from '../../bundle/config.js';
import { BundleError } from '../../format/errors.js';
import { EMBEDDINGS } from './names.js';
import type { TensorSource } from '../../container/source.js';

/** Models that differ in what their checkpoints do not say: the window's shift, the tokenizer. */
export type Family = 'hyenadna' | 'safari';

export interface Dialect {
  readonly names: Omit<TensorNames, 'layout'>;
  /** What people call this way of naming. */
  readonly title: string;
  /** Tensors that belong to no language model: a classifier's head, trained instead of the language model's. */
  readonly ignored: readonly string[];
}

/** What names below the model begin with. */
export const STEM = /^(|\w+\.)backbone\.$/;
const HUGGING_FACE = 'hyena.backbone.';
const STANDALONE = 'backbone.';
const OTHER_HEADS = /^(model\.|hyena\.)?(head|score|decoder|classifier)\./;

/** Throws BundleError where no language model of this kind is to be found. */
export function detectDialect(source: TensorSource): Dialect {
  const names = [...source.tensors.keys()];
  const found = names
    .filter((name) => name.endsWith(EMBEDDINGS))
    .map((name) => name.slice(0, -EMBEDDINGS.length));
  if (found.length !== 1 || !STEM.test(found[0])) {
    throw new BundleError({
      file: source.file,
      expected: `a Hyena language model, with one …backbone.${EMBEDDINGS}`,
      got: found.length === 0 ? 'none' : found.map((stem) => stem + EMBEDDINGS).join(' and '),
    });
  }
  const [stem] = found;
  const outer = stem.slice(0, -'backbone.'.length);
  const head = [`${outer}lm_head.weight`, 'lm_head.weight'].find((name) => source.tensors.has(name));
  const has = (part: string): boolean => names.some((name) => name.startsWith(stem) && name.includes(part));
  return {
    names: {
      stem,
      ...(head !== undefined && { head }),
      wrapped: { mixer: has('.mixer.layer.'), mlp: has('.mlp.layer.') },
      positions: has('.pos_emb.'),
    },
    title: TITLES[stem] ?? `other (${stem})`,
    ignored: names.filter((name) => !name.startsWith(stem) && OTHER_HEADS.test(name)),
  };
}

const TITLES: Readonly<Record<string, string>> = {
  [HUGGING_FACE]: 'Hugging Face',
  [STANDALONE]: 'safari / standalone',
  'model.backbone.': 'Lightning',
};

/** HyenaDNA's twelve characters, padded to a multiple of eight. */
const HYENADNA_ROWS = 16;

/** Told by the config where it says so, by the names where only one program uses them, else by the vocabulary. */
export function detectFamily(stem: string, rows: number, modelType: string | undefined): Family {
  return modelType === 'hyenadna' || stem === HUGGING_FACE || rows === HYENADNA_ROWS ? 'hyenadna' : 'safari';
}

/**
 * The prefix that a bundle keeps: the checkpoint's. HyenaDNA's weights go around under two, in files that are
 * otherwise the same; both make the same bundle, and it keeps Hugging Face's.
 */
export function keptStem(stem: string, family: Family): string {
  return family === 'hyenadna' && stem === STANDALONE ? HUGGING_FACE : stem;
}

/**
 * Training happens in safari, which interleaves the filters of several convolutions; HyenaDNA's standalone and
 * Hugging Face code stacks them.
 */
export function defaultLayout(stem: string, family: Family): TensorNames['layout'] {
  return family === 'hyenadna' && stem !== 'model.backbone.' ? 'stacked' : 'interleaved';
}
