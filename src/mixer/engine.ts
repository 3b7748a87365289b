import type { Kernels } from './kernel/kernels.js';
import type { LayerLayout } from './memory/layout.js';

/** One layer's memory as one thread sees it. */
export interface LayerMemory<Layout extends LayerLayout = LayerLayout> {
  readonly layout: Layout;
  readonly floats: Float32Array;
  readonly kernels: Kernels;
}

/** One number per lane. */
export type PerLane = Int32Array;

/**
 * The arithmetic of one mixer on one thread. Work is divided in *units*, one channel group of one layer each, all lanes,
 * numbered `layer * groups + group`. A unit's result never depends on which thread computed it, nor on what the
 * others do: that makes results bit-identical for any number of threads.
 */
export interface Engine {
  /** Does what is due at each lane's position (-1: nothing) for units `from` <= unit < `to`. */
  run(positions: PerLane, from: number, to: number, thread: number): void;
  /** Roughly how many ns that takes per unit, to decide whether it is worth sharing. */
  cost(positions: PerLane): number;
  /** What can wait, if anything. */
  readonly deferred?: Deferred;
}

/** Tiles that are computed a slice per step, some time before they are due. */
export interface Deferred {
  /**
   * The smallest side S. What falls to the steps up to S / 2 before a multiple of S is due there, and nothing is due
   * anywhere else.
   */
  readonly side: number;
  /**
   * Does the slices of the steps that made `begin` < known <= `end` inputs known, in each lane, for units `from` <=
   * unit < `to`. Steps are to be done in their order.
   */
  run(begin: PerLane, end: PerLane, from: number, to: number, thread: number): void;
}
