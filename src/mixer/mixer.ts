/**
 * Position mixing, seen from outside.
 *
 * A long-convolution layer maps its inputs y to `z[t] = sum over i <= t of y[i] * rho[t - i]`, channel by
 * channel. Generation is online: y[t] is known only after every z before it has been through the model. A
 * mixer therefore hands out, at each position, the *pending* sum over the strict past (i < t), for all layers
 * at once; the missing term `y[t] * rho[0]` (the paper's "red cell") is computed inside the model.
 */

export type MixerName = 'lazy' | 'eager' | 'tiled';

export interface MixerShape {
  /** Layers, each one long convolution (M). */
  readonly layers: number;
  /** Channels per layer (D). */
  readonly width: number;
  /** Positions the mixer can hold (L). */
  readonly length: number;
}

export interface Mixer {
  readonly name: MixerName;
  readonly shape: MixerShape;
  /** The position (0-based) whose pending sums can be read and whose input is expected next. */
  readonly position: number;
  /** Bytes of array memory the mixer holds. */
  readonly bytes: number;

  /** Sets a layer's filter, `[time, channel]`, `length` rows; row 0 is never read. Before the first push. */
  setFilter(layer: number, taps: Float32Array): void;
  /** Adds sums that come from before position 0 (a prompt), `[time, channel]`, at most `length` rows. Before the first push. */
  addPending(layer: number, values: Float32Array): void;
  /** Writes the pending sums of the current position to `out`, `[layer, channel]`. */
  pending(out: Float32Array): void;
  /** Takes the inputs y of the current position, `[layer, channel]`, and moves to the next one. */
  push(y: Float32Array): void;
  /** Goes back to position 0 with nothing pending. Filters stay. */
  reset(): void;
  /** Ends worker threads. The mixer cannot be used afterwards. */
  close(): Promise<void>;
}
