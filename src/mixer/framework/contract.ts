/**
 * The general framework of Flash Inference: what a mixer must be for the tiling to make it fast.
 *
 * A mixer maps inputs y[0], y[1], ... to outputs `z[j] = read(agg(cont(y, 0, j), ..., cont(y, j, j)), j)`. Two properties
 * suffice:
 *
 * - P.1, *contribution-based*: `agg` is associative, so that contributions may be aggregated in any grouping;
 * - P.2, *query-independent*: `cont(y, i, j)` depends on y[0] ... y[i] only. So what input i contributes to any later
 *   output can be computed as soon as the input is known, whatever happens in between.
 *
 * Then the contributions of a whole range of inputs to a whole range of later outputs (a *tile*) can be aggregated at once,
 * and a mixer that has a fast routine for that is fast online too: the schedules of ../schedule say which tile is due when.
 *
 * The long convolution is the instance with real numbers as carrier, `cont = y[i] rho[j - i]` and `agg = +`; its fast
 * routine is the FFT tile of the SIMD kernels.
 *
 * Nothing demands that `agg` commutes. In every schedule of this project, the tiles that reach an output arrive in the order
 * of their inputs, deferred ones included: they are done before the first tile of the level below reaches the same outputs.
 */
import type { Range } from '../schedule/index.js';

/**
 * A mixer by its definition. `Carrier` is what contributions are and what aggregating them gives. None of the functions
 * keeps anything between calls or changes its arguments, `contribute` and its `pending` excepted: so one definition serves any
 * number of sequences.
 */
export interface ContributionMixer<Input, Carrier, Output> {
  /** An aggregate of nothing: `agg(identity(), x) = x = agg(x, identity())`. A new one at each call, if it can be changed. */
  identity(): Carrier;
  /** What input i contributes to output j, i <= j. Reads y[0] ... y[i] only (P.2): later ones may not be there. */
  cont(y: readonly Input[], i: number, j: number): Carrier;
  /** The aggregate of two, the first one's inputs being earlier. Associative (P.1). */
  agg(earlier: Carrier, later: Carrier): Carrier;
  /** Output j from the aggregate of all contributions to it. */
  read(sum: Carrier, j: number): Output;
  /**
   * The range routine: for each output j of a range, `pending[j] = agg(pending[j], cont(y, i, j) of all i)`, i ascending in a
   * range that ends where the outputs begin or before. The faster it is, the faster the mixer. Default: from `carry`, or by
   * definition.
   */
  contribute?(y: readonly Input[], inputs: Range, outputs: Range, pending: Carrier[]): void;
  /**
   * For recurrences: an aggregate for output j as one for output j + 1, so that `carry(cont(y, i, j), j) = cont(y, i, j + 1)`
   * and `carry(agg(a, b), j) = agg(carry(a, j), carry(b, j))`. Such a mixer needs no tiling: see `recurrent`.
   */
  carry?(sum: Carrier, j: number): Carrier;
  /** Inputs contribute nothing (the identity) to outputs this many positions later or more. Default: they always may. */
  readonly reach?: number;
}

/**
 * One layer of one sequence while it is generated: its inputs, and the pending aggregate of every output, wherever they
 * are kept. The engine asks for nothing else, so this is also where a mixer with memory of its own comes in.
 */
export interface Sequence<Input, Output> {
  /** See `ContributionMixer.reach`; `Infinity` without limit. */
  readonly reach: number;
  /** Takes input t and returns output t, which lacks nothing but the input's own contribution (the paper's red cell). */
  mix(t: number, input: Input): Output;
  /**
   * Aggregates what a range of inputs contributes to a range of later outputs into what is pending for these. `level` is
   * the index of the tile's level in the schedule, if any, for who keeps something by level.
   */
  contribute(inputs: Range, outputs: Range, level?: number): void;
  /** All that the sequence has taken in and still needs, to be stored, or copied as `structuredClone` does. */
  state(): unknown;
  /** Goes on from what `state` was. */
  restore(state: unknown): void;
}
