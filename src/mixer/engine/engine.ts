import type { PerLane } from '../shape.js';

/**
 * The arithmetic of one mixer on one thread. Work is divided in *units*, one channel group of one convolution each, all lanes,
 * numbered `convolution * groups + group`. A unit's result never depends on which thread computed it, nor on what the
 * others do: that makes results bit-identical for any number of threads.
 */
export interface Engine {
  /**
   * One step, for units `from` <= unit < `to`: takes the inputs of each lane's position (-1: none) from the rows, does what
   * is due, and leaves the sums of the next position in the rows, unless they are best computed when asked for.
   */
  step(positions: PerLane, from: number, to: number, thread: number): void;
  /** The middle of a step: what is to be done once the inputs of each lane's position (-1: none) are in the slots. */
  advance(positions: PerLane, from: number, to: number, thread: number): void;
  /**
   * Whether what is due once `known` inputs are known, deferred tiles included, still matters once `end` are: whether it
   * reaches outputs from `end` on, or leaves something behind for tiles that do.
   */
  matters(known: number, end: number): boolean;
  /** Rows of the filters that must be set before `known` inputs are known; later ones may follow meanwhile. */
  tapsNeeded(known: number): number;
  /** Leaves the pending sums of each lane's position (-1: none) in the rows, for units `from` <= unit < `to`. */
  sums(positions: PerLane, from: number, to: number): void;
  /** Whether a step leaves the next position's sums in the rows. */
  readonly sumsAhead: boolean;
  /** Roughly how many ns a step takes per unit, and the sums, to decide whether they are worth sharing. */
  stepCost(positions: PerLane): number;
  sumsCost(positions: PerLane): number;
  /** Whether steps take about the same little time each, so that no other thread is worth waiting for. */
  readonly flat: boolean;
  /** What can wait, if anything. */
  readonly deferred?: Deferred;
}

/** Tiles that are computed a slice per step, some time before they are due. */
export interface Deferred {
  /**
   * What falls to the steps up to half a period before a multiple of it is due there, and nothing is due anywhere
   * else.
   */
  readonly period: number;
  /**
   * Does the slices of the steps that made `begin` < known <= `end` inputs known, in each lane, for units `from` <=
   * unit < `to`. Steps are to be done in their order.
   */
  run(begin: PerLane, end: PerLane, from: number, to: number, thread: number): void;
  /**
   * The same, for who goes through all steps of a run in turn: a thread that does all units may do a part of a tile now, the
   * rest in later steps, so that no step takes long.
   */
  proceed(begin: PerLane, end: PerLane, from: number, to: number, thread: number): void;
  /** Makes `proceed` forget what is under way: the position or what is there has changed. */
  restart(): void;
}
