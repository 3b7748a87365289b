/** What a mixer is asked to be: the words that every other part of it uses. */

/** Mixers by name; see engine/kinds.ts for what they are. */
export const MIXERS = ['lazy', 'eager', 'tiled'] as const;
/** The name of a mixer. */
export type MixerName = (typeof MIXERS)[number];

/** What a mixer holds. */
export interface MixerShape {
  /** Long convolutions, each with filters of its own (M): a model's layers times its order less one. */
  readonly convolutions: number;
  /** Channels of each (D). */
  readonly width: number;
  /** Positions the mixer can hold (L). */
  readonly length: number;
  /** Sequences side by side, with the same filters, each at a position of its own (B). Default 1. */
  readonly lanes?: number;
}

/** One number per lane. */
export type PerLane = Int32Array;
