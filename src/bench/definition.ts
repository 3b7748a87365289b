/** Sums from the definition, in float64: what every mixer that is measured is held against, in the run that is measured. */

/** Channels of each convolution that are checked, at most, and positions. */
const CHANNELS = 8;
const POSITIONS = 8;
/** Convolutions that are checked, at most. */
const CONVOLUTIONS = 2;
/** Unit roundoff of float32. */
const ROUNDOFF = 2 ** -24;

/** What was compared, and how well it agreed. */
export interface Agreement {
  readonly positions: number;
  /** The largest relative difference (Euclidean, over the channels of a position), and the bound it must keep. */
  readonly worst: number;
  readonly bound: number;
}

export class Definition {
  readonly bound: number;
  /** Positions to compare at, spread over the length. */
  readonly positions: ReadonlySet<number>;
  private readonly channels: readonly { readonly convolution: number; readonly channel: number }[];
  private readonly taps: Float32Array[] = [];
  private readonly inputs: Float32Array[] = [];
  private readonly sums = new Map<number, Float64Array>();
  private worst = 0;
  private readonly compared = new Set<number>();

  constructor(
    private readonly shape: { convolutions: number; width: number; length: number },
    /** Where the sums of mixers that are measured at some positions only can be had. Left out: everywhere. */
    candidates?: readonly number[],
    /**
     * Taps are inputs, too: those of convolution k are rows 2 k of inputs and sums, its taps rows 2 k + 1. A tap becomes known
     * at its position; what that brings is in no sum before, nor is what is at position 0 in any, which the model adds.
     */
    private readonly dependent = false,
  ) {
    const { convolutions, width, length } = shape;
    this.bound = 8 * ROUNDOFF * Math.sqrt(Math.log2(2 * length));
    const places = candidates?.length ?? length;
    const count = Math.min(POSITIONS, places);
    const spaced = Array.from({ length: count }, (_, k) => Math.floor(((k + 1) * places) / count) - 1);
    this.positions = new Set(spaced.map((place) => candidates?.[place] ?? place));
    const spread = (total: number, most: number): number[] =>
      Array.from({ length: Math.min(total, most) }, (_, k) =>
        Math.floor((k * total) / Math.min(total, most)),
      );
    this.channels = spread(convolutions, CONVOLUTIONS).flatMap((convolution) =>
      spread(width, CHANNELS).map((channel) => ({ convolution, channel })),
    );
    for (const each of this.channels) {
      void each;
      this.taps.push(new Float32Array(length));
      this.inputs.push(new Float32Array(length));
    }
  }

  /** A convolution's taps, `[time, channel]`. */
  setFilter(convolution: number, taps: Float32Array): void {
    const { width, length } = this.shape;
    this.channels.forEach(({ convolution: ours, channel }, k) => {
      if (ours !== convolution) return;
      for (let t = 0; t < length; t++) this.taps[k][t] = taps[t * width + channel];
    });
  }

  /** The inputs of a position, `[convolution, channel]`. */
  setInputs(position: number, y: Float32Array): void {
    this.channels.forEach(({ convolution, channel }, k) => {
      this.inputs[k][position] = y[this.rowOf(convolution) + channel];
      if (this.dependent) this.taps[k][position] = y[this.rowOf(convolution) + this.shape.width + channel];
    });
  }

  /**
   * Compares a mixer's sums, `[convolution, channel]`. All inputs before must be set. Throws if they are not what they should
   * be.
   */
  check(position: number, sums: Float32Array, label: string): void {
    const wanted = this.at(position);
    let [error, norm] = [0, 0];
    this.channels.forEach(({ convolution, channel }, k) => {
      error += (sums[this.rowOf(convolution) + channel] - wanted[k]) ** 2;
      norm += wanted[k] ** 2;
    });
    const off = error === 0 ? 0 : Math.sqrt(error / norm);
    if (!(off <= this.bound)) {
      throw new Error(
        `mixer ${label} is wrong at position ${position}: relative difference ${off}, allowed ${this.bound}`,
      );
    }
    this.worst = Math.max(this.worst, off);
    this.compared.add(position);
  }

  get agreement(): Agreement {
    return { positions: this.compared.size, worst: this.worst, bound: this.bound };
  }

  private rowOf(convolution: number): number {
    return (this.dependent ? 2 : 1) * convolution * this.shape.width;
  }

  private at(position: number): Float64Array {
    let sums = this.sums.get(position);
    if (sums === undefined) {
      sums = Float64Array.from(this.channels, (_, k) => {
        const [taps, inputs] = [this.taps[k], this.inputs[k]];
        let sum = 0;
        for (let i = this.dependent ? 1 : 0; i < position; i++) sum += inputs[i] * taps[position - i];
        return sum;
      });
      this.sums.set(position, sums);
    }
    return sums;
  }
}
