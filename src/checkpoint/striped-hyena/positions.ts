/** What no tensor tells of a model's positions: what they are divided by, and how many there may be. */
import { BundleError, describe, isObject } from '../../format/index.js';
import type { Found, Hints } from '../architecture.js';

/** Positions that the models were trained with first; those for longer texts divide positions so that they stay below. */
const TRAINED = 8192;

/** Divisors by what the file or its folder is called, and by how many lags the file holds. */
const BY_NAME: readonly (readonly [RegExp, number])[] = [
  [/evo-1.*131k/i, 16],
  [/evo2_7b_262k/i, 32],
  [/evo2_(7b|20b|40b)(?!_?(base|262k|microviridae))/i, 128],
  [/evo-1|evo2_\d+b_(base|microviridae)/i, 1],
];
const BY_LAGS = new Map([
  [262_144, 32],
  [1_048_576, 128],
]);

export interface Positions {
  readonly scale: number;
  readonly context: number;
}

export function positionsOf({ source }: Found, { chosen, config, notes }: Hints): Positions {
  const scale = chosen.ropeScale ?? given(config) ?? hinted();
  return { scale, context: chosen.context ?? Math.max(2, Math.round(TRAINED * scale)) };

  function hinted(): number {
    const lags = [...source.tensors].find(([name]) => name.endsWith('.mixer.mixer.filter.t'))?.[1].shape[2];
    const ofLags = lags === undefined ? undefined : BY_LAGS.get(lags);
    const ofName = BY_NAME.find(([name]) => name.test(source.file))?.[1];
    const found = ofLags ?? ofName ?? 1;
    const why =
      ofLags !== undefined ? `as it has ${lags} lags` : ofName !== undefined ? 'by its name' : 'assumed';
    notes.push(`positions divided by ${found} for rotations, ${why}; --rope-scale says otherwise`);
    return found;
  }
}

/** What a config.json says. */
function given(config: Hints['config']): number | undefined {
  if (config === undefined || !isObject(config.json)) return undefined;
  const { json, file } = config;
  const field = 'rotary_emb_scaling_factor';
  const value = json.get(field);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 1)) {
    throw new BundleError({ file, field, expected: 'a number of at least 1', got: describe(value) });
  }
  return json.get('use_interpolated_rotary_pos_emb') === false ? 1 : value;
}
