import type { Sequence } from './contract.js';

/** What is asked of a mixer: of `Mixer`, one convolution in one lane. */
export interface OnlineConvolution {
  readonly shape: { readonly width: number };
  readonly position: number;
  pending(out: Float32Array): void;
  push(y: Float32Array): void;
  state(): readonly Float32Array[];
  resume(position: number): void;
}

/**
 * A mixer of a single convolution as a sequence: whatever tiles it has, it does them itself, when their inputs become known. So
 * seen by an engine inputs reach their own output only, under any schedule.
 *
 * @param firstTap rho[0] by channel, which a mixer leaves to the model
 */
export function sequenceOnMixer(
  mixer: OnlineConvolution,
  firstTap: ArrayLike<number>,
): Sequence<Float32Array, Float32Array> {
  const z = new Float32Array(mixer.shape.width);
  return {
    reach: 1,
    /** The output is overwritten by the next one. */
    mix(_t, y) {
      mixer.pending(z);
      for (let c = 0; c < z.length; c++) z[c] += firstTap[c] * y[c];
      mixer.push(y);
      return z;
    },
    contribute: () => undefined,
    state: () => ({ position: mixer.position, arrays: mixer.state().map((array) => array.slice()) }),
    restore(saved) {
      const { position, arrays } = saved as { position: number; arrays: Float32Array[] };
      mixer.state().forEach((array, k) => array.set(arrays[k]));
      mixer.resume(position);
    },
  };
}
