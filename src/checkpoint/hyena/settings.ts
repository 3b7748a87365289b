/**
 * What the `config.json` of another program says of a model. Hugging Face's HyenaDNA keeps everything on one
 * level, safari and the standalone code keep the operator's settings under `layer`. Fields not named here
 * (dropout, learning rates, …) do not change what a model computes.
 */
import { BundleError } from '../../format/errors.js';
import { Fields } from '../../format/fields.js';
import { parseJson, type Json } from '../../format/json.js';
import { readSmallFile } from '../../format/file.js';

/** A setting of a checkpoint and where it was found, for messages. */
export interface Setting<T> {
  readonly value: T;
  readonly file: string;
  readonly field: string;
}

export interface CheckpointSettings {
  readonly modelType?: Setting<string>;
  readonly width?: Setting<number>;
  readonly layers?: Setting<number>;
  readonly inner?: Setting<number>;
  readonly order?: Setting<number>;
  readonly context?: Setting<number>;
  readonly features?: Setting<number>;
  readonly hidden?: Setting<number>;
  readonly vocabulary?: Setting<number>;
  readonly normEps?: Setting<number>;
  readonly shift?: Setting<number>;
  readonly modulate?: Setting<boolean>;
}

const COUNT = { min: 1, max: 1 << 27 };
/** A config is a few kilobytes; a larger file is something else. */
const LONGEST = 1 << 20;

/** Parses a JSON file from a stranger. Throws BundleError. */
export function readJsonFile(file: string, longest = LONGEST): Json {
  return parseJson(readSmallFile(file, 'a JSON file', longest), file);
}

/** Throws BundleError, also for settings this program cannot compute with. */
export function readSettings(json: Json, file: string): CheckpointSettings {
  const outer = Fields.of(json, file);
  const given = (fields: Fields, name: string): boolean => fields.has(name) && fields.get(name) !== null;
  const levels = given(outer, 'layer') ? [outer.object('layer'), outer] : [outer];

  const find = <T>(
    names: readonly string[],
    read: (from: Fields, name: string) => T,
  ): Setting<T> | undefined => {
    for (const from of levels) {
      for (const name of names) {
        const field = from.path === '' ? name : `${from.path}.${name}`;
        if (given(from, name)) return { value: read(from, name), file, field };
      }
    }
    return undefined;
  };
  const count = (...names: string[]): Setting<number> | undefined =>
    find(names, (from, name) => from.integer(name, COUNT));
  const number = (name: string, min: number, max: number): Setting<number> | undefined =>
    find([name], (from) => from.number(name, { min, max }));
  const flag = (name: string): Setting<boolean> | undefined =>
    find([name], (from) => {
      const value = from.get(name);
      return typeof value === 'boolean' ? value : from.fail(name, 'true or false', 'something else');
    });
  const only = (setting: Setting<unknown> | undefined, wanted: unknown): void => {
    if (setting === undefined || setting.value === wanted) return;
    const { field, value } = setting;
    throw new BundleError({
      file,
      field,
      expected: `${String(wanted)}, all this program knows`,
      got: String(value),
    });
  };

  only(count('short_filter_order'), 3);
  only(count('num_inner_mlps'), 2);
  only(flag('bidirectional'), false);

  const settings: { -readonly [K in keyof CheckpointSettings]: CheckpointSettings[K] | undefined } = {
    modelType: find(['model_type'], (from, name) => from.string(name, /^/, 'a name')),
    width: count('d_model'),
    layers: count('n_layer'),
    inner: count('d_inner'),
    order: count('hyena_order', 'order'),
    context: count('l_max', 'max_seq_len'),
    features: count('emb_dim'),
    hidden: count('filter_order'),
    vocabulary: count('vocab_size'),
    normEps: number('layer_norm_epsilon', 0, 1),
    shift: number('shift', -1e6, 1e6),
    modulate: flag('modulate'),
  };
  for (const key of Object.keys(settings) as (keyof CheckpointSettings)[]) {
    if (settings[key] === undefined) delete settings[key];
  }
  return settings as CheckpointSettings;
}
