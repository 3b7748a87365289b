export interface OfflineShape {
  /** Channels (D). */
  readonly width: number;
  /** Prompt positions (P). */
  readonly prompt: number;
  /** Positions to come after the prompt whose pending sums are wanted (K). */
  readonly ahead: number;
}

/**
 * One layer's convolution over a whole prompt: `z[t] = sum over i <= min(t, P - 1) of y[i] * rho[t - i]`.
 *
 * @param inputs y, `[time, channel]` = `[P, D]`
 * @param taps rho, `[time, channel]` = `[P + K, D]`, row 0 included
 * @param outputs z, `[time, channel]` = `[P + K, D]`: rows t < P are the prompt's own outputs, the other K
 *   rows are what the prompt leaves pending for the positions to generate
 */
export function convolveOffline(
  shape: OfflineShape,
  inputs: Float32Array,
  taps: Float32Array,
  outputs: Float32Array,
): void {
  const { width, prompt, ahead } = shape;
  for (let t = 0; t < prompt + ahead; t++) {
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let i = 0; i <= Math.min(t, prompt - 1); i++)
        sum += inputs[i * width + c] * taps[(t - i) * width + c];
      outputs[t * width + c] = sum;
    }
  }
}
