/** The kinds of models that checkpoints are read for. */
import type { Json } from '../format/index.js';
import type { HyenaWeights } from '../hyena/index.js';
import type { UnwrappedSource } from './unwrapped.js';
import { HYENA } from './hyena/index.js';
import type { HyenaDimensions } from './hyena/index.js';
import type { CheckpointSettings } from './hyena/settings.js';
import type { Conventions } from './hyena/conventions.js';

/** A model found in a checkpoint. */
export interface Found {
  readonly source: UnwrappedSource;
  /** What the names of its tensors begin with. */
  readonly stem: string;
}

/** One entry for each kind of model; what differs between them lies below these functions. */
export interface Architecture {
  readonly name: string;
  /** A tensor that every model of this kind has, below its stem; for messages. */
  readonly landmark: string;
  /** The stems of the models of this kind among these names. */
  detect(names: Iterable<string>): string[];
  /** Whether a tensor outside of the stem is part of the model: its head. */
  owns(name: string, stem: string): boolean;
  /** What a config.json says of the model. Throws BundleError, also for what cannot be computed. */
  settings(json: Json, file: string): CheckpointSettings;
  /** Sizes, told by shapes, settings and conventions; `notes` takes what was taken for granted. */
  dimensions(
    found: Found,
    settings: CheckpointSettings,
    chosen: Partial<Conventions>,
    notes: string[],
  ): HyenaDimensions;
  /** The weights, checked to be all there and none too many; values are read when they are asked for. */
  read(found: Found, dimensions: HyenaDimensions, leftOut: readonly string[]): HyenaWeights;
}

export const ARCHITECTURES: readonly Architecture[] = [HYENA];
