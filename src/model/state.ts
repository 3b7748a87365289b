/**
 * The part of a model's state that the mixers do not hold: the two previous inputs of every short convolution.
 */
export class StepState {
  /** `[layer, batch, 2, (order + 1) width]`, the older input first. */
  readonly short: Float32Array;

  constructor(
    readonly layers: number,
    readonly batch: number,
    readonly width: number,
    readonly order = 2,
  ) {
    this.short = new Float32Array(layers * batch * 2 * (order + 1) * width);
  }

  /** A copy of the values, for saving. */
  save(): Float32Array {
    return this.short.slice();
  }

  /** Continues from saved values. */
  restore(values: Float32Array): void {
    if (values.length !== this.short.length) {
      throw new RangeError(`a state of ${this.short.length} values cannot be restored from ${values.length}`);
    }
    this.short.set(values);
  }

  /** Takes over the only sequence of another state as one of this state's. */
  copyLane(lane: number, { short, batch }: StepState): void {
    const size = short.length / this.layers;
    if (batch !== 1 || size * this.layers * this.batch !== this.short.length) {
      throw new RangeError('a lane takes the state of one sequence of the same model');
    }
    for (let layer = 0; layer < this.layers; layer++) {
      this.short.set(short.subarray(layer * size, (layer + 1) * size), (layer * this.batch + lane) * size);
    }
  }

  /** Takes a lane back to where sequences begin. */
  clearLane(lane: number): void {
    const size = this.short.length / (this.layers * this.batch);
    for (let layer = 0; layer < this.layers; layer++) {
      const at = (layer * this.batch + lane) * size;
      this.short.fill(0, at, at + size);
    }
  }

  /** An independent state at the same point. */
  copy(): StepState {
    const copy = new StepState(this.layers, this.batch, this.width, this.order);
    copy.short.set(this.short);
    return copy;
  }
}
