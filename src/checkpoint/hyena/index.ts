/** Hyena language models, as HyenaDNA's and safari's code saves them. */
import { checkDimensions, type TensorNames } from '../../bundle/index.js';
import { BundleError } from '../../format/index.js';
import { type FilterDimensions, hyenaModel, hyenaValues } from '../../hyena/index.js';
import type { Architecture, Found, Hints } from '../architecture.js';
import { choose } from './conventions.js';
import {
  defaultLayout,
  detectDialect,
  detectFamily,
  detectStems,
  givenNames,
  HYENADNA_ROWS,
  isOfHead,
  type Family,
} from './dialect.js';
import { inferDimensions, type Dimensions } from './dimensions.js';
import { EMBEDDINGS } from './names.js';
import { positionsDiffer } from './positions.js';
import { readHyena } from './read.js';
import { readHyperParameters, readSettings, type CheckpointSettings } from './settings.js';

export interface HyenaDimensions extends Dimensions {
  readonly family: Family;
  /** What people call this way of naming tensors. */
  readonly dialect: string;
  readonly names: TensorNames;
  /** The names as the file has them, wrappers and all. */
  readonly given: TensorNames;
}

/** What few models change about their filters. */
function filterSettings(
  { normalized, skip }: CheckpointSettings,
  order: number,
  notes: string[],
): Pick<FilterDimensions, 'normalized' | 'skip'> {
  if (normalized?.value === true && order > 2) {
    const { file, field } = normalized;
    throw new BundleError({
      file,
      field,
      expected: 'false above order 2, all this program knows',
      got: 'true',
    });
  }
  if (normalized?.value === true) notes.push('filters are normalised over channels');
  if (skip?.value === false) notes.push('convolutions without their skip term');
  return {
    ...(normalized?.value === true && { normalized: true }),
    ...(skip?.value === false && { skip: false }),
  };
}

function activationOf(
  { activation }: CheckpointSettings,
  notes: string[],
): Pick<HyenaDimensions['model'], 'activation'> {
  if (activation === undefined || activation.value === 'none') return {};
  notes.push(`activation ${activation.value} before the output projections`);
  return { activation: activation.value };
}

export const HYENA: Architecture = {
  name: 'Hyena',
  landmark: EMBEDDINGS,
  choices: ['family', 'shift', 'modulate', 'layout', 'context', 'normEps'],
  detect: detectStems,
  owns: isOfHead,
  read(found, hints) {
    const { leftOut } = hints;
    const { model, filter, family, dialect, names, given } = dimensionsOf(found, hints);
    const weights = readHyena(found.source, model, filter, names, leftOut);
    const { head } = names;
    return {
      model: hyenaModel(model),
      filter,
      names: given,
      family,
      dialect,
      ...(head !== undefined && { head }),
      headed: weights.head !== undefined,
      values: hyenaValues(model, filter, weights),
      ...(family === 'hyenadna' && model.vocabulary <= HYENADNA_ROWS && { tokenizer: 'characters' as const }),
    };
  },
};

/** Where training programs keep their settings, in the checkpoint itself: Lightning, now and of old. */
const HYPER_PARAMETERS = ['hyper_parameters', 'hparams'];

/** What is told beside the weights: kept with them, or in a config.json, which has the last word. */
function settingsOf({ checkpoint, config }: Hints): CheckpointSettings {
  const kept = HYPER_PARAMETERS.flatMap((name) => {
    const json = checkpoint.beside(name);
    return json === undefined ? [] : [readHyperParameters(json, checkpoint.file, name)];
  });
  return Object.assign(
    {},
    ...kept,
    config === undefined ? {} : readSettings(config.json, config.file),
  ) as CheckpointSettings;
}

/** Sizes, told by shapes, settings and conventions. */
function dimensionsOf(found: Found, hints: Hints): HyenaDimensions {
  const { chosen, notes } = hints;
  const settings = settingsOf(hints);
  const { source, stem } = found;
  const { names, title } = detectDialect(found);
  const rows = source.tensors.get(stem + EMBEDDINGS)?.shape[0] ?? 0;
  const family = chosen.family ?? detectFamily(stem, rows, settings.modelType?.value);
  notes.push(`${family === 'hyenadna' ? 'HyenaDNA' : 'safari'} conventions`);
  const choices = choose(chosen, settings, family, notes);
  const context = chosen.context === undefined ? {} : { context: chosen.context };
  const dimensions = inferDimensions(source, names, { ...choices, ...context }, settings);
  const model = { ...dimensions.model, ...activationOf(settings, notes) };
  // What no bundle can hold is refused before anything is computed with it.
  checkDimensions(model, dimensions.filter, source.file);
  let { filter } = dimensions;
  if (names.positions && positionsDiffer(source, stem, model, filter)) {
    notes.push('positions (pos_emb) are trained, and kept');
    filter = { ...filter, positions: 'stored' };
  }
  filter = { ...filter, ...filterSettings(settings, model.order, notes) };
  const layout = chosen.layout ?? defaultLayout(stem, family);
  if (model.order > 2) notes.push(`filters of the ${model.order - 1} convolutions ${layout}`);
  if (settings.context !== undefined && settings.context.value !== model.context) {
    notes.push(`context ${model.context}, not the ${settings.context.value} of ${settings.context.field}`);
  }
  const full: TensorNames = { ...names, layout };
  return { model, filter, family, dialect: title, names: full, given: givenNames(found, full) };
}
