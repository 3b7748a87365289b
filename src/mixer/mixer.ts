/**
 * Position mixing, seen from outside.
 *
 * A long convolution maps its inputs y to `z[t] = sum over i <= t of y[i] * rho[t - i]`, channel by
 * channel. Generation is online: y[t] is known only after every z before it has been through the model. A
 * mixer therefore hands out, at each position, the *pending* sum over the strict past (i < t), for all convolutions
 * at once; the missing term `y[t] * rho[0]` (the paper's "red cell") is computed inside the model.
 */

import type { ImplicitFilters, Lags } from './engine/index.js';
import type { Modes } from './modes.js';
import type { Plan } from './plan/index.js';
import type { MixerName, MixerShape } from './shape.js';

/**
 * Values of one step are `[convolution, lane, channel]`. Lanes at position `length` and retired lanes take no part: their
 * pending sums are 0, their inputs are ignored.
 */
export interface Mixer {
  readonly name: MixerName;
  readonly shape: MixerShape;
  /** How the tiles are computed. */
  readonly plan: Plan;
  /** The position (0-based) of lane 0: see `positionOf`. */
  readonly position: number;
  /** Bytes of array memory the mixer holds. */
  readonly bytes: number;
  /**
   * Rows of a long filter that it takes, `length` or more. Those from `length` on multiply nothing, but are in the spectra of the
   * last tiles: with them, sums are those of a longer mixer, bit by bit.
   */
  readonly filterRows: number;
  /** Implicit filters whose taps can be evaluated in its memory, if it was made for such. */
  readonly filters?: ImplicitFilters;

  /** The position (0-based) of a lane whose pending sums can be read and whose input is expected next. */
  positionOf(lane: number): number;
  /**
   * Sets a convolution's filter, `[time, channel]`, `length` to `filterRows` of them; row 0 is never read. Before the first push;
   * but the first rows may come first, and others (from row `first`, where the last ones ended) later: see `tapsNeeded`.
   * A window has the rows that its shape says, and a modal filter is set by its modes.
   */
  setFilter(convolution: number, filter: Float32Array | Modes, first?: number): void;
  /**
   * Evaluates rows of all filters from `first` on, where the last ones ended: as many as there are lags, a multiple of 4 and at
   * most 128. They are there once the next ones begin; until then, other threads are at work on them, or the steps do a part
   * each. Only some mixers of implicit filters can.
   */
  readonly growFilters?: (first: number, lags: Lags) => void;
  /**
   * How many rows of each filter must be set before the push of input `known - 1` (at most the filter's length). Does not
   * decrease with `known`. If it equals `length` at 0, filters must be set whole.
   */
  tapsNeeded(known: number): number;
  /**
   * Adds sums that come from before position 0 (a prompt), `[time, channel]`, at most `length` rows, to one lane
   * (default 0); in a folded plan, at most half of them, with windows or recurrences two blocks. Before its first push.
   */
  addPending(convolution: number, values: Float32Array, lane?: number): void;
  /**
   * Takes the inputs of a convolution's positions 0 ... P - 1 at once, `[time, channel]`, in one lane (default 0), as if they
   * had been pushed. Their pending sums are not computed, only what they contribute to later ones, in O(P log P).
   * Once all convolutions are filled, `resume(P)` goes on after them. Before the first push.
   */
  fill(convolution: number, inputs: Float32Array, lane?: number): void;
  /** Writes the pending sums of each lane's position to `out`, `[convolution, lane, channel]`. */
  pending(out: Float32Array): void;
  /**
   * Takes the inputs y of each lane's position, `[convolution, lane, channel]`, and moves to the next ones. Inputs, as taps,
   * had better be no denormals (less than 1.2e-38 in size): their sums are right, but take 30 to 40 times as long.
   */
  push(y: Float32Array): void;
  /** Goes back to position 0 with nothing pending, in one lane or in all. Filters stay. */
  reset(lane?: number): void;
  /** Takes a lane out until it is reset. */
  retire(lane: number): void;
  /**
   * All that a run has left behind, filters excepted: arrays that, together with the position, are the mixer's state. To
   * be read or overwritten before the next call.
   */
  state(): readonly Float32Array[];
  /**
   * Goes on from a position, one lane or all: after `fill`, or with `state()` overwritten by what it was there, under the
   * same plan.
   */
  resume(position: number, lane?: number): void;
  /** Ends worker threads. The mixer cannot be used afterwards. */
  close(): Promise<void>;
}
