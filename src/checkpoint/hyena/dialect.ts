/** Which program a checkpoint comes from, told by its tensors' names. */
import type { TensorNames } from '../../bundle/index.js';
import type { Found } from '../architecture.js';
import { EMBEDDINGS, hyenaNames } from './names.js';

/** Models that differ in what their checkpoints do not say: the window's shift, the tokenizer. */
export type Family = 'hyenadna' | 'safari';

export interface Dialect {
  readonly names: Omit<TensorNames, 'layout'>;
  /** What people call this way of naming. */
  readonly title: string;
}

const HUGGING_FACE = 'hyena.backbone.';
const STANDALONE = 'backbone.';
const LIGHTNING = 'model.backbone.';
const HEAD = 'lm_head.';

/** What names begin with, of every model among them that has Hyena's filters. */
export function detectStems(names: Iterable<string>): string[] {
  const all = [...names];
  return all
    .filter((name) => name === EMBEDDINGS || name.endsWith(`.${EMBEDDINGS}`))
    .map((name) => name.slice(0, -EMBEDDINGS.length))
    .filter((stem) => {
      const layers = `${stem}layers.`;
      return all.some((name) => name.startsWith(layers) && /\.mixer\..*\bfilter_fn\./.test(name));
    });
}

/** Where a head may stand: beside the backbone, or further out, the nearest first. */
function headPrefixes(stem: string): string[] {
  const parts = stem.split('.').slice(0, -1);
  const depths = Array.from({ length: Math.max(parts.length, 1) }, (_, up) => parts.length - 1 - up);
  return depths.map((depth) => [...parts.slice(0, Math.max(depth, 0)), HEAD].join('.'));
}

/** Whether a tensor outside of the stem belongs to the head of a language model. */
export function isOfHead(name: string, stem: string): boolean {
  return headPrefixes(stem).some((prefix) => name.startsWith(prefix));
}

export function detectDialect({ source, stem }: Found): Dialect {
  const names = [...source.tensors.keys()];
  const head = headPrefixes(stem)
    .map((prefix) => `${prefix}weight`)
    .find((name) => source.tensors.has(name));
  const has = (part: string): boolean => names.some((name) => name.startsWith(stem) && name.includes(part));
  return {
    names: {
      stem,
      ...(head !== undefined && { head }),
      wrapped: { mixer: has('.mixer.layer.'), mlp: has('.mlp.layer.') },
      positions: has('.pos_emb.'),
    },
    title: TITLES[stem] ?? `other (${stem})`,
  };
}

const TITLES: Readonly<Record<string, string>> = {
  [HUGGING_FACE]: 'Hugging Face',
  [STANDALONE]: 'safari / standalone',
  [LIGHTNING]: 'Lightning',
  '': 'the backbone’s own',
};

/** HyenaDNA's twelve characters, padded to a multiple of eight. */
export const HYENADNA_ROWS = 16;

/** Told by the config where it says so, by the names where only one program uses them, else by the vocabulary. */
export function detectFamily(stem: string, rows: number, modelType: string | undefined): Family {
  const huggingFace = `.${stem}`.endsWith(`.${HUGGING_FACE}`);
  return modelType === 'hyenadna' || huggingFace || rows === HYENADNA_ROWS ? 'hyenadna' : 'safari';
}

/**
 * Training happens in safari, which interleaves the filters of several convolutions; HyenaDNA's standalone and
 * Hugging Face code stacks them.
 */
export function defaultLayout(stem: string, family: Family): TensorNames['layout'] {
  return family === 'hyenadna' && stem !== LIGHTNING ? 'stacked' : 'interleaved';
}

/**
 * The names as the file has them, for an export to give back: by rule where wrappers stand in front of all names
 * alike, one by one where they stand elsewhere.
 */
export function givenNames({ source, stem }: Found, names: TensorNames): TensorNames {
  const { filter } = hyenaNames(names).layer(0);
  const aliases = source.tensors.has(`${filter}implicit_filter.3.freq`) ? { aliases: true as const } : {};
  const own = [...source.tensors.keys()].filter((name) => name.startsWith(stem));
  const given = source.givenName(stem + EMBEDDINGS).slice(0, -EMBEDDINGS.length);
  const head = names.head === undefined ? {} : { head: source.givenName(names.head) };
  if (own.every((name) => source.givenName(name) === given + name.slice(stem.length))) {
    return { ...names, ...head, ...aliases, stem: given };
  }
  const renamed = [...own, ...(names.head === undefined ? [] : [names.head])]
    .map((name) => [name, source.givenName(name)] as const)
    .filter(([name, file]) => name !== file);
  return { ...names, ...aliases, renamed: Object.fromEntries(renamed) };
}
