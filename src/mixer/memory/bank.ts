/**
 * A mixer's arrays lie in WebAssembly memories, each of which takes some 10 GiB of address space, however small it is. So
 * there are as few as may be: a *bank* is the part of a mixer in one of them, whole convolutions one after the other.
 *
 * A *unit* is one channel group of one convolution: unit `convolution * groups + group`. It is what work is divided in.
 */
import { Bump, fitsPages } from '../../webassembly/index.js';
import type { Kernels } from '../kernel/index.js';
import type { Plan } from '../plan/index.js';
import type { MixerShape } from '../shape.js';
import { groupsOf, LINE, strideLines } from './blocks.js';

/** What a layout follows from. */
export interface Spec {
  readonly shape: MixerShape;
  readonly plan: Plan;
  readonly threads: number;
}

/** An array `[lane][unit][bytes]`. */
export interface StateArray {
  readonly at: number;
  /** Of one unit in one lane. */
  readonly bytes: number;
}

/** What the bank of every mixer has. All numbers are bytes or byte addresses in its memory, unless said. */
export interface BankLayout {
  readonly bytes: number;
  readonly lanes: number;
  /** The first unit, counted over all banks, and how many there are. */
  readonly first: number;
  readonly units: number;
  /** All that a run leaves behind. */
  readonly state: readonly StateArray[];
  /** One position, `[lane][unit][16]`: the door to the outside. */
  readonly row: number;
  /** `[lane][unit][period][16]`: slot t holds what is pending for position t until it is pushed, then y[t]. */
  readonly slots: number;
  /** Position t is in slot t modulo this: all positions, or half of them in a folded plan. */
  readonly period: number;
  /** From one unit's slots to the next unit's. */
  readonly stride: number;
}

/** One bank as one thread sees it. */
export interface Bank<Layout extends BankLayout = BankLayout> {
  readonly layout: Layout;
  readonly floats: Float32Array;
  readonly kernels: Kernels;
}

/** Rows `first` ... of a filter of at least `length` rows, `[time, channel]`. */
export interface FilterRows {
  readonly rows: Float32Array;
  readonly width: number;
  readonly length: number;
  readonly first: number;
}

/** Lays out what every bank has; `take` reserves arrays `[lane][unit]` that are part of the state, of so many bytes a unit. */
export function layoutSlots(
  { lanes = 1 }: MixerShape,
  period: number,
  first: number,
  units: number,
): {
  readonly bump: Bump;
  readonly take: (bytes: number) => number;
  readonly slots: Omit<BankLayout, 'bytes'>;
} {
  const bump = new Bump();
  const row = bump.take(lanes * units * LINE);
  const stride = strideLines(period) * LINE;
  const state: StateArray[] = [];
  const take = (bytes: number): number => {
    const at = bump.take(lanes * units * bytes);
    if (bytes > 0) state.push({ at, bytes });
    return at;
  };
  return { bump, take, slots: { lanes, first, units, state, row, slots: take(stride), period, stride } };
}

/** Deals a mixer's convolutions to as few banks as may be, one as large as the other. */
export function dealBanks<Layout extends BankLayout>(
  { convolutions, width }: MixerShape,
  layout: (first: number, units: number) => Layout,
): Layout[] {
  const groups = groupsOf(width);
  for (let banks = 1; ; banks++) {
    const each = Math.ceil(convolutions / banks);
    // One convolution is as small as it gets: if it is too large, that is for others to say.
    if (each > 1 && !fitsPages(layout(0, each * groups))) continue;
    const firsts = Array.from({ length: Math.ceil(convolutions / each) }, (_, k) => k * each);
    return firsts.map((first) => layout(first * groups, Math.min(each, convolutions - first) * groups));
  }
}

/** The bank that a unit is in, and which one it is there. */
export function unitOf<Layout extends BankLayout>(
  banks: readonly Bank<Layout>[],
  unit: number,
): Bank<Layout> & { readonly bank: number; readonly unit: number } {
  const bank = Math.floor(unit / banks[0].layout.units);
  return { ...banks[bank], bank, unit: unit - banks[bank].layout.first };
}
