import type { Kernels } from './kernel/kernels.js';
import type { LayerLayout } from './memory/layout.js';

/** One layer's memory as one thread sees it. */
export interface LayerMemory<Layout extends LayerLayout = LayerLayout> {
  readonly layout: Layout;
  readonly floats: Float32Array;
  readonly kernels: Kernels;
}

/**
 * The arithmetic of one mixer on one thread. Work is divided in *units*, one channel group of one layer each,
 * numbered `layer * groups + group`. A unit's result never depends on which thread computed it, nor on what the
 * others do: that makes results bit-identical for any number of threads.
 */
export interface Engine {
  /** Does what is due at `position` for units `from` <= unit < `to`. */
  run(position: number, from: number, to: number, thread: number): void;
  /** Roughly how many ns that takes per unit, to decide whether it is worth sharing. */
  cost(position: number): number;
}
