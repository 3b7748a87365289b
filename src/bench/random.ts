/** xorshift32: cheap, repeatable, good enough for numbers nobody reads. */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e3779b1) | 1;
  }
  /** Fills with values uniform in [-1, 1). */
  fill(values: Float32Array): Float32Array {
    let s = this.state;
    for (let k = 0; k < values.length; k++) {
      s ^= s << 13;
      s ^= s >>> 17;
      s ^= s << 5;
      values[k] = s * 2 ** -31;
    }
    this.state = s;
    return values;
  }
}
