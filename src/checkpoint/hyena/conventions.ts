/** What shapes do not tell: settings by hand, by a config, by what was kept with the weights, or by convention. */
import type { TensorNames } from '../../bundle/index.js';
import type { Family } from './dialect.js';
import type { CheckpointSettings } from './settings.js';

export interface Conventions {
  readonly family: Family;
  /** Added to the filters' window. */
  readonly shift: number;
  /** Whether filters have a window. */
  readonly modulate: boolean;
  readonly layout: TensorNames['layout'];
  /** For checkpoints that do not hold their positions. */
  readonly context: number;
  readonly normEps: number;
}

/** What checkpoints do not say, by family. */
const SHIFT = { hyenadna: 0.05, safari: 0 } as const;
/** PyTorch's default. */
const NORM_EPS = 1e-5;

/** Notes what was taken for granted. */
export function choose(
  chosen: Partial<Conventions>,
  settings: CheckpointSettings,
  family: Family,
  notes: string[],
): Pick<Conventions, 'shift' | 'modulate' | 'normEps'> {
  const pick = <K extends 'shift' | 'modulate' | 'normEps'>(
    key: K,
    what: string,
    assumed: Conventions[K],
  ): Conventions[K] => {
    const option = chosen[key];
    if (option !== undefined) return option;
    const setting = settings[key];
    if (setting === undefined) {
      notes.push(`${what} ${String(assumed)}, assumed`);
      return assumed;
    }
    const value = setting.value as Conventions[K];
    // A config is given by hand; what a file kept for itself is worth a word.
    if (setting.kept) notes.push(`${what} ${String(value)}, of ${setting.field}`);
    return value;
  };
  return {
    modulate: pick('modulate', 'modulate', true),
    shift: pick('shift', 'shift', SHIFT[family]),
    normEps: pick('normEps', 'norm epsilon', NORM_EPS),
  };
}
