/** A model's dimensions, told by the shapes of its tensors and held against what its config says. */
import type { FilterDimensions, HyenaDimensions, TensorNames } from '../../bundle/index.js';
import { BundleError } from '../../format/index.js';
import { hyenaNames } from './names.js';
import type { CheckpointSettings, Setting } from './settings.js';
import type { TensorSource } from '../../container/index.js';

/** What shapes cannot tell. */
export interface Choices {
  readonly shift: number;
  readonly modulate: boolean;
  readonly normEps: number;
  /** For checkpoints that do not hold their positions. */
  readonly context?: number;
}

export interface Dimensions {
  readonly model: HyenaDimensions;
  readonly filter: FilterDimensions;
}

/** Throws BundleError where a tensor needed for this is missing or has no such dimension. */
export function inferDimensions(
  source: TensorSource,
  dialect: Omit<TensorNames, 'layout'>,
  choices: Choices,
  settings: CheckpointSettings,
): Dimensions {
  const names = hyenaNames({ ...dialect, layout: 'stacked' });
  const first = names.layer(0);
  const dim = (name: string, rank: number, axis: number): number => {
    const shape = source.tensors.get(name)?.shape;
    const size = shape?.length === rank ? shape[axis] : 0;
    if (size === 0) {
      const got = shape === undefined ? 'none' : `[${shape.join(', ')}]`;
      throw new BundleError({
        file: source.file,
        field: name,
        expected: `a tensor of ${rank} dimensions`,
        got,
      });
    }
    return size;
  };

  const width = dim(names.embeddings, 2, 1);
  const channels = dim(`${first.inProj}.weight`, 2, 0);
  if (channels % width !== 0 || channels < 3 * width) {
    throw new BundleError({
      file: source.file,
      field: `${first.inProj}.weight`,
      expected: `3 or more times ${width} rows`,
      got: `${channels}`,
    });
  }
  const z = `${first.filter}pos_emb.z`;
  const stored = source.tensors.has(z) ? dim(z, 3, 1) : undefined;
  const context = stored ?? choices.context ?? settings.context?.value;
  if (context === undefined) {
    throw new BundleError({
      file: source.file,
      field: z,
      expected: 'positions, or the context (l_max) in config.json or as a setting',
      got: 'none',
    });
  }
  const model: HyenaDimensions = {
    order: channels / width - 1,
    layers: countLayers(source, dialect.stem),
    width,
    inner: dim(`${first.fc1}.weight`, 2, 0),
    vocabulary: dim(names.embeddings, 2, 0),
    context,
    normEps: choices.normEps,
  };
  const input = `${first.filter}implicit_filter.0.weight`;
  const filter: FilterDimensions = {
    features: dim(input, 2, 1),
    hidden: dim(input, 2, 0),
    shift: choices.shift,
    time: 'linear',
    ...(!choices.modulate && { modulate: false as const }),
  };
  for (const [setting, size] of [
    [settings.width, model.width],
    [settings.layers, model.layers],
    [settings.inner, model.inner],
    [settings.order, model.order],
    [settings.features, filter.features],
    [settings.hidden, filter.hidden],
  ] as const) {
    agree(setting, size);
  }
  if (settings.vocabulary !== undefined && settings.vocabulary.value > model.vocabulary) {
    agree(settings.vocabulary, model.vocabulary);
  }
  return { model, filter };
}

/** Layers are numbered from 0; a hole shows as a missing tensor when they are read. */
function countLayers(source: TensorSource, stem: string): number {
  const seen = new Set<string>();
  for (const name of source.tensors.keys()) {
    if (!name.startsWith(`${stem}layers.`)) continue;
    seen.add(name.slice(`${stem}layers.`.length).split('.', 1)[0]);
  }
  return seen.size;
}

function agree(setting: Setting<number> | undefined, size: number): void {
  if (setting === undefined || setting.value === size) return;
  const { file, field, value } = setting;
  throw new BundleError({ file, field, expected: `${size}, as the tensors say`, got: String(value) });
}
