/** What a mixer is asked to be: the words that every other part of it uses. */

/** Mixers by name; see engine/kinds.ts for what they are. */
export const MIXERS = ['lazy', 'eager', 'tiled'] as const;
/** The name of a mixer. */
export type MixerName = (typeof MIXERS)[number];

/** A filter of few taps: inputs contribute to `taps` outputs, their own included. */
export interface WindowFilter {
  readonly kind: 'window';
  /** Taps, tap 0 included. */
  readonly taps: number;
}

/** A filter that is a sum of exponentials: see `Modes`. */
export interface ModalFilter {
  readonly kind: 'modal';
  /** Exponentials of each channel. */
  readonly modes: number;
  /** Whether poles or residues are complex numbers. */
  readonly complex: boolean;
}

/**
 * A filter whose taps become known as its inputs do. Convolutions come in pairs: inputs, then taps, of which a tap at each
 * position is pushed.
 */
export interface DataDependentFilter {
  readonly kind: 'data-dependent';
}

/** What is known of filters before they are: how far they reach, or how they are made. Plans follow from it. */
export type FilterKind = { readonly kind: 'long' } | WindowFilter | ModalFilter | DataDependentFilter;

/** Filters whose taps an MLP makes of what is known of a lag: see engine/implicit-filters.ts. */
export interface ImplicitShape {
  readonly layers: number;
  /** Convolutions of a layer, which share all but the last matrix. */
  readonly perLayer: number;
  /** Channels of each. */
  readonly width: number;
  /** Numbers that are known of a lag. */
  readonly features: number;
  /** Channels of the MLP. */
  readonly hidden: number;
  /** Whether taps decay, and what is added to the window. */
  readonly window: boolean;
  readonly shift: number;
  /** Whether the taps of a lag are divided by the sum of their magnitudes, over all channels. */
  readonly normalized: boolean;
  /** What is at most so large is 0. */
  readonly smallest: number;
}

/** What a mixer holds. */
export interface MixerShape {
  /** Long convolutions, each with filters of its own (M): a model's layers times its order less one; 0: positions are counted. */
  readonly convolutions: number;
  /** Channels of each (D). */
  readonly width: number;
  /** Positions the mixer can hold (L). */
  readonly length: number;
  /** Sequences side by side, with the same filters, each at a position of its own (B). Default 1. */
  readonly lanes?: number;
  /** What the filters are, all of the same kind. Default: long. */
  readonly filter?: FilterKind;
}

/** One number per lane. */
export type PerLane = Int32Array;
