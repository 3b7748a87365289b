/** A part of what a sequence carries from one token to the next. */
export interface StateTensor {
  /** Of the step graph's input; the output that replaces it is `${name}_out`. */
  readonly name: string;
  /** Its shape without the lanes, which come second: `[dims[0], lane, dims[1], ...]`. */
  readonly dims: readonly [number, ...number[]];
}

/** What sequences side by side, each in a lane of its own, carry from token to token beside what a mixer holds. */
export class StepState {
  /** One array per tensor, `[dims[0], lane, dims[1], ...]`, all zero where sequences begin. */
  readonly arrays: readonly Float32Array[];
  /** The pending sums of the position to come, `[convolution, lane, channel]`: to be written before each step. */
  readonly pending: Float32Array;

  /** @param sums values of the pending sums of a lane */
  constructor(
    readonly tensors: readonly StateTensor[],
    readonly lanes: number,
    private readonly sums: number,
  ) {
    this.arrays = tensors.map((tensor) => new Float32Array(sizeOf(tensor) * lanes));
    this.pending = new Float32Array(sums * lanes);
  }

  /** Element `index` of the first axis of a tensor, all lanes of it: `[lane, dims[1], ...]`. */
  part(tensor: number, index: number): Float32Array {
    const array = this.arrays[tensor];
    const size = array.length / this.tensors[tensor].dims[0];
    return array.subarray(index * size, (index + 1) * size);
  }

  /** A copy of the arrays, for saving. */
  save(): Float32Array[] {
    return this.arrays.map((array) => array.slice());
  }

  /** Continues from saved arrays. Throws a RangeError if they are not of this state's shape. */
  restore(saved: readonly Float32Array[]): void {
    const sizes = (arrays: readonly Float32Array[]): string => arrays.map(({ length }) => length).join(', ');
    if (sizes(saved) !== sizes(this.arrays)) {
      throw new RangeError(
        `a state of [${sizes(this.arrays)}] values cannot be restored from [${sizes(saved)}]`,
      );
    }
    this.arrays.forEach((array, k) => array.set(saved[k]));
  }

  /** Takes over the only sequence of another state of the same model as one of this state's. */
  copyLane(lane: number, from: StepState): void {
    const fits = from.tensors.length === this.tensors.length && from.lanes === 1;
    if (!fits || from.arrays.some(({ length }, k) => length * this.lanes !== this.arrays[k].length)) {
      throw new RangeError('a lane takes the state of one sequence of the same model');
    }
    this.eachPart(lane, (own, k, index) => own.set(from.part(k, index)));
  }

  /** Takes a lane back to where sequences begin. */
  clearLane(lane: number): void {
    this.eachPart(lane, (own) => own.fill(0));
  }

  /** An independent state at the same point. */
  copy(): StepState {
    const copy = new StepState(this.tensors, this.lanes, this.sums);
    copy.restore(this.arrays);
    return copy;
  }

  /** Visits the stretches of a lane: element `index` of the first axis of tensor `k`. */
  private eachPart(lane: number, visit: (own: Float32Array, k: number, index: number) => void): void {
    this.tensors.forEach(({ dims }, k) => {
      for (let index = 0; index < dims[0]; index++) {
        const part = this.part(k, index);
        const size = part.length / this.lanes;
        visit(part.subarray(lane * size, (lane + 1) * size), k, index);
      }
    });
  }
}

/** Values of one lane. */
function sizeOf({ dims }: StateTensor): number {
  return dims.reduce<number>((product, dim) => product * dim, 1);
}
