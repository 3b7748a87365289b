import type { KeyValueType, StackedState } from '../layers/index.js';
import { BYTES, GrowingRows, roomFor } from './growing-rows.js';

/** What sequences side by side, each in a lane of its own, carry from token to token beside what a mixer holds. */
export class StepState {
  /** The pending sums of the position to come, `[convolution, lane, channel]`: to be written before each step. */
  readonly pending: Float32Array;
  /** By tensor: the array that the next step writes, then those of 1 to `past` steps ago. */
  private readonly rings: readonly Float32Array[][];
  /** Tokens that each lane has been through, as far as rows are kept of them. */
  readonly positions: Int32Array;
  /** By tensor: the rows of those that grow. */
  readonly rows: readonly (GrowingRows | undefined)[];

  constructor(
    readonly tensors: readonly StackedState[],
    readonly lanes: number,
    readonly convolutions: number,
    private readonly width: number,
    /** Of rows that are kept. */
    private readonly keyValues: KeyValueType = 'float32',
    /** Whether steps give the last hidden states too. */
    readonly wantHidden = false,
  ) {
    const array = ({ dims }: StackedState): Float32Array =>
      new Float32Array(dims.reduce<number>((product, dim) => product * dim, lanes));
    this.rings = tensors.map((tensor) =>
      tensor.grows ? [] : Array.from({ length: tensor.past + 1 }, () => array(tensor)),
    );
    this.positions = new Int32Array(lanes);
    this.rows = tensors.map(({ grows, dims: [, heads, channels] }) =>
      grows ? new GrowingRows(lanes, heads, channels, keyValues) : undefined,
    );
    this.pending = new Float32Array(convolutions * lanes * width);
  }

  /**
   * All that is carried but the rows of tensors that grow: of each tensor the array of one step ago first, `[dims[0], lane,
   * dims[1], ...]`. They are zero where sequences begin.
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
    for (const ring of this.rings) if (ring.length > 0) ring.unshift(ring.pop()!);
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

  /**
   * A copy of all that is carried, for saving: the arrays, then of each lane the rows of tensors that grow, `[head, row,
   * channel]`.
   */
  save(): Float32Array[] {
    return [
      ...this.arrays.map((array) => array.slice()),
      ...this.growing.flatMap((rows) =>
        Array.from(this.positions, (position, lane) => rows.save(lane, position)),
      ),
    ];
  }

  /** Values in each array that a lane alone saves after so many tokens. */
  sizes(tokens: number): number[] {
    return [...this.arrays.map(({ length }) => length), ...this.growing.map(({ row }) => tokens * row)];
  }

  private get growing(): GrowingRows[] {
    return this.rows.filter((rows) => rows !== undefined);
  }

  /** Continues from saved arrays. Throws a RangeError if they are not of this state's shape. */
  restore(saved: readonly Float32Array[]): void {
    const { arrays, growing, lanes } = this;
    const own = saved.slice(0, arrays.length);
    const rows = saved.slice(arrays.length);
    const sizes = (of: readonly Float32Array[]): string => of.map(({ length }) => length).join(', ');
    if (sizes(own) !== sizes(arrays) || rows.length !== growing.length * lanes) {
      throw new RangeError(`a state of [${sizes(arrays)}] values cannot be restored from [${sizes(saved)}]`);
    }
    arrays.forEach((array, k) => array.set(own[k]));
    rows.forEach((values, i) => {
      const [tensor, lane] = [growing[Math.floor(i / lanes)], i % lanes];
      tensor.restore(lane, values);
      this.positions[lane] = values.length / tensor.row;
    });
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
    const [position] = from.positions;
    this.positions[lane] = position;
    this.growing.forEach((rows, k) => {
      rows.copy(lane, from.growing[k], position);
    });
  }

  /** Takes a lane back to where sequences begin. */
  clearLane(lane: number): void {
    this.eachStretch(lane, (own) => own.fill(0));
    this.positions[lane] = 0;
    for (const rows of this.growing) rows.clear(lane);
  }

  /** An independent state at the same point. */
  copy(): StepState {
    const { tensors, lanes, convolutions, width, keyValues, wantHidden } = this;
    const copy = new StepState(tensors, lanes, convolutions, width, keyValues, wantHidden);
    copy.restore(this.save());
    return copy;
  }

  /** Visits what a lane has: element `index` of the first axis of array `k`. */
  private eachStretch(lane: number, visit: (own: Float32Array, k: number, index: number) => void): void {
    const rows = this.tensors.flatMap(({ dims, past, grows }) =>
      new Array<number>(grows ? 0 : past).fill(dims[0]),
    );
    this.arrays.forEach((array, k) => {
      const size = array.length / (rows[k] * this.lanes);
      for (let index = 0; index < rows[k]; index++) {
        const at = (index * this.lanes + lane) * size;
        visit(array.subarray(at, at + size), k, index);
      }
    });
  }
}

/** Bytes that a sequence of so many tokens carries in these tensors. */
export function stateBytes(
  tensors: readonly StackedState[],
  tokens: number,
  keyValues: KeyValueType = 'float32',
): number {
  const bytes = ({ dims, past, grows }: StackedState): number =>
    dims.reduce((product, dim) => product * dim, 1) *
    (grows ? BYTES[keyValues] * roomFor(tokens) : 4 * (past + 1));
  return tensors.reduce((sum, tensor) => sum + bytes(tensor), 0);
}
