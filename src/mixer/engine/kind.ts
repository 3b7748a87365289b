import type { Bank, BankLayout, Spec } from '../memory/index.js';
import type { Engine } from './engine.js';

/** A way to mix: how its memory is laid out, and what works in it. */
export interface Kind<Layout extends BankLayout = BankLayout> {
  /** Where the bank of units `first` ... `first + units - 1` has everything. Only arithmetic: nothing is allocated. */
  layout(spec: Spec, first: number, units: number): Layout;
  /** A thread's engine. The banks' layouts are those that `layout` gave for the spec. */
  engine(spec: Spec, banks: readonly Bank<Layout>[]): Engine;
}
