/** Pictures as plain data: what is shown, not how it is drawn. */

/** Of an axis: how its numbers are written. */
export type Unit = 'count' | 'ms' | 'us' | 'ns' | 'ratio' | 'bytes';

export interface Axis {
  readonly label: string;
  readonly unit: Unit;
  /** Logarithmic by this base. Left out: linear, from 0. */
  readonly log?: 2 | 10;
}

export type Point = readonly [x: number, y: number];

export interface Line {
  readonly label: string;
  /** The same colour for the same thing in all pictures. */
  readonly colour: Colour;
  readonly points: readonly Point[];
  /** An estimate, or a guide for the eye. */
  readonly dashed?: boolean;
}

/** A colour of its own, or a place between the first and the last of a row of them, 0 to 1. */
export type Colour = 'lazy' | 'eager' | 'binary' | 'fan-out' | 'flat' | 'guide' | 'other' | number;

/** Points that belong together, not joined. */
export interface Dots {
  readonly label: string;
  readonly colour: Colour;
  readonly points: readonly Point[];
}

export interface Chart {
  readonly kind: 'chart';
  /** Of its file. */
  readonly name: string;
  readonly title: string;
  /** What to see in it, in a sentence or two. */
  readonly reading: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  readonly dots?: readonly Dots[];
  /** Horizontal lines with a name. */
  readonly rules?: readonly { readonly y: number; readonly label: string }[];
  /** Places with a name. */
  readonly marks?: readonly { readonly at: Point; readonly label: string }[];
}

/** Horizontal bars of parts. */
export interface Bars {
  readonly kind: 'bars';
  readonly name: string;
  readonly title: string;
  readonly reading: string;
  readonly unit: Unit;
  readonly label: string;
  readonly parts: readonly { readonly label: string; readonly colour: Colour }[];
  readonly bars: readonly { readonly label: string; readonly values: readonly number[] }[];
}

export type Figure = Chart | Bars;
