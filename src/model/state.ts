import type { StackedState } from '../layers/index.js';

/** What sequences side by side, each in a lane of its own, carry from token to token beside what a mixer holds. */
export class StepState {
  /** The pending sums of the position to come, `[convolution, lane, channel]`: to be written before each step. */
  readonly pending: Float32Array;
  /** By tensor: the array that the next step writes, then those of 1 to `past` steps ago. */
  private readonly rings: readonly Float32Array[][];

  constructor(
    readonly tensors: readonly StackedState[],
    readonly lanes: number,
    readonly convolutions: number,
    private readonly width: number,
  ) {
    const array = ({ dims }: StackedState): Float32Array =>
      new Float32Array(dims.reduce<number>((product, dim) => product * dim, lanes));
    this.rings = tensors.map((tensor) => Array.from({ length: tensor.past + 1 }, () => array(tensor)));
    this.pending = new Float32Array(convolutions * lanes * width);
  }

  /**
   * All that is carried: of each tensor the array of one step ago first, `[dims[0], lane, dims[1], ...]`. They are zero
   * where sequences begin.
   */
  get arrays(): Float32Array[] {
    return this.rings.flatMap((ring) => ring.slice(1));
  }

  /** An array of a tensor: what the next step writes (age 0), or what was written `age` steps ago. */
  array(tensor: number, age: number): Float32Array {
    return this.rings[tensor][age];
  }

  /** After a step: what it wrote is of one step ago, and the oldest arrays are free to be written. */
  advance(): void {
    for (const ring of this.rings) ring.unshift(ring.pop()!);
  }

  /** What element `index` of a tensor's first axis was in the past, the oldest first: `[past, lane, dims[1], ...]`. */
  past(tensor: number, index: number): Float32Array {
    const ages = this.rings[tensor].slice(1).reverse();
    const size = ages[0].length / this.tensors[tensor].dims[0];
    const values = new Float32Array(ages.length * size);
    ages.forEach((array, k) => values.set(array.subarray(index * size, (index + 1) * size), k * size));
    return values;
  }

  /** `past`, written. */
  setPast(tensor: number, index: number, values: Float32Array): void {
    const ages = this.rings[tensor].slice(1).reverse();
    const size = values.length / ages.length;
    ages.forEach((array, k) => array.set(values.subarray(k * size, (k + 1) * size), index * size));
  }

  /** A copy of the arrays, for saving. */
  save(): Float32Array[] {
    return this.arrays.map((array) => array.slice());
  }

  /** Continues from saved arrays. Throws a RangeError if they are not of this state's shape. */
  restore(saved: readonly Float32Array[]): void {
    const { arrays } = this;
    const sizes = (of: readonly Float32Array[]): string => of.map(({ length }) => length).join(', ');
    if (sizes(saved) !== sizes(arrays)) {
      throw new RangeError(`a state of [${sizes(arrays)}] values cannot be restored from [${sizes(saved)}]`);
    }
    arrays.forEach((array, k) => array.set(saved[k]));
  }

  /** Takes over the only sequence of another state of the same model as one of this state's. */
  copyLane(lane: number, from: StepState): void {
    const { arrays } = this;
    const other = from.arrays;
    const fits = other.length === arrays.length && from.lanes === 1;
    if (!fits || other.some(({ length }, k) => length * this.lanes !== arrays[k].length)) {
      throw new RangeError('a lane takes the state of one sequence of the same model');
    }
    this.eachStretch(lane, (own, k, index) => {
      own.set(other[k].subarray(index * own.length, (index + 1) * own.length));
    });
  }

  /** Takes a lane back to where sequences begin. */
  clearLane(lane: number): void {
    this.eachStretch(lane, (own) => own.fill(0));
  }

  /** An independent state at the same point. */
  copy(): StepState {
    const copy = new StepState(this.tensors, this.lanes, this.convolutions, this.width);
    copy.restore(this.arrays);
    return copy;
  }

  /** Visits what a lane has: element `index` of the first axis of array `k`. */
  private eachStretch(lane: number, visit: (own: Float32Array, k: number, index: number) => void): void {
    const rows = this.tensors.flatMap(({ dims, past }) => new Array<number>(past).fill(dims[0]));
    this.arrays.forEach((array, k) => {
      const size = array.length / (rows[k] * this.lanes);
      for (let index = 0; index < rows[k]; index++) {
        const at = (index * this.lanes + lane) * size;
        visit(array.subarray(at, at + size), k, index);
      }
    });
  }
}
