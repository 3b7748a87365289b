import type { FilterRows } from '../memory/index.js';
import type { Modes } from '../modes.js';
import type { PerLane } from '../shape.js';
import type { Touch } from './first-touch.js';

/** Has units `from` <= unit < `to` prepared: all of them once it returns. */
export type PrepareUnits = (from: number, to: number) => void;

/**
 * The arithmetic of one mixer on one thread. Work is divided in *units*, one channel group of one convolution each, all lanes,
 * numbered `convolution * groups + group`. A unit's result never depends on which thread computed it, nor on what the
 * others do: that makes results bit-identical for any number of threads.
 *
 * Every thread has an engine of its own over the same memories. The methods of the first part are for one thread only, while
 * no other is at work.
 */
export interface Engine {
  /** Rows of a filter that it takes, `length` or more: see `Mixer.filterRows`. */
  readonly filterRows: number;
  /**
   * Once, before anything else: writes tables, and makes numbers of what may be read before it has been written.
   *
   * @param untouched the memories hold nothing but zeros, and have not been written to
   */
  prepare(untouched: boolean): void;
  /**
   * Takes rows of a convolution's filter; those from row 0 on first. Where that is much work, `prepare` is asked to have
   * `prepareUnits` do it on several threads.
   */
  setFilter(convolution: number, filter: FilterRows, prepare?: PrepareUnits): void;
  /** Takes a convolution's modal filter as such. Left out by engines that want taps. */
  setModes?(convolution: number, modes: Modes, prepare?: PrepareUnits): void;
  /**
   * In untouched memory: writes to where steps to come will, see first-touch.ts. For runs from position 0, step by step. Anyone may
   * do it at any time.
   */
  readonly touch?: Touch;
  /** A part, units `from` <= unit < `to`, of what `setFilter` wants done for units from `first` on. */
  prepareUnits?(first: number, from: number, to: number): void;

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
  /** A lane has gone to another position, or what is in its slots has changed: what was derived from it is forgotten. */
  moved?(lane: number): void;
}

/**
 * Tiles that are computed a slice per step, some time before they are due.
 *
 * Deadlines lie at the multiples of `period`, nowhere else. Before the step at a multiple m begins, all slices of the steps
 * up to m - period / 4 must have been computed: from there on the level below adds to the same outputs. For the smallest of
 * these levels, whose slack is `period`:
 *
 *     step modulo side   0 ....................... 3/4 period ............ period ............ side
 *                        | its slices fall due      | whoever computes     | deadline: the level
 *                        |                          | them may be late     | below adds
 */
export interface Deferred {
  readonly period: number;
  /**
   * Does the slices of the steps that made `begin` < known <= `end` inputs known, in each lane, for units `from` <=
   * unit < `to`, each tile of a unit whole. Steps are to be done in their order.
   */
  whole(begin: PerLane, end: PerLane, from: number, to: number, thread: number): void;
  /**
   * Like `whole`, but may leave a tile unfinished and continue it at later steps, so that no single step takes long. Only
   * for a caller that makes every step of the run in order, for all units it ever works on.
   */
  piecewise(begin: PerLane, end: PerLane, from: number, to: number, thread: number): void;
  /** Forgets tiles left unfinished: the position, or what is there, has changed. */
  forget(): void;
}
