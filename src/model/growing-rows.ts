import { fromHalf, toHalf } from '../container/index.js';
import type { KeyValueType } from '../layers/index.js';

/** Rows at which capacity grows: copies are rare, and little of what is read is empty. */
const GROWTH = 256;

/** Bytes of a value. */
export const BYTES: { readonly [T in KeyValueType]: number } = { float32: 4, float16: 2 };

/** Rows that there is room for once so many are there. */
export const roomFor = (rows: number): number => Math.max(1, Math.ceil(rows / GROWTH)) * GROWTH;

/**
 * What a layer keeps of every position, of sequences side by side: `[lane, head, row, channel]`, rows beyond a lane's own all
 * zero.
 */
export class GrowingRows {
  /** Rows there is room for. */
  capacity = GROWTH;
  /** Of float16, their bits. */
  values: Float32Array | Uint16Array;

  constructor(
    private readonly lanes: number,
    private readonly heads: number,
    private readonly channels: number,
    readonly type: KeyValueType = 'float32',
  ) {
    this.values = this.array(lanes * heads * GROWTH * channels);
  }

  /** Values of one row of one lane. */
  get row(): number {
    return this.heads * this.channels;
  }

  /** Zeros of the type. */
  array(length: number): Float32Array | Uint16Array {
    return this.type === 'float32' ? new Float32Array(length) : new Uint16Array(length);
  }

  /** Makes room for so many rows. */
  reserve(rows: number): void {
    if (rows <= this.capacity) return;
    const { values, capacity, lanes, heads, channels } = this;
    this.capacity = roomFor(rows);
    this.values = this.array(lanes * heads * this.capacity * channels);
    for (let k = 0; k < lanes * heads; k++) {
      const own = values.subarray(k * capacity * channels, (k + 1) * capacity * channels);
      this.values.set(own, k * this.capacity * channels);
    }
  }

  /** Writes rows `[head, row, channel]` of the type to a lane, the first of them row `at`. */
  put(lane: number, at: number, rows: Float32Array | Uint16Array): void {
    this.reserve(at + rows.length / this.row);
    const size = rows.length / this.heads;
    for (let head = 0; head < this.heads; head++) {
      this.values.set(rows.subarray(head * size, (head + 1) * size), this.offset(lane, head, at));
    }
  }

  /** Takes over the first rows of the only lane of others of the type. */
  copy(lane: number, from: GrowingRows, rows: number): void {
    this.clear(lane);
    this.reserve(rows);
    for (let head = 0; head < this.heads; head++) {
      const at = from.offset(0, head, 0);
      const own = from.values.subarray(at, at + rows * this.channels);
      this.values.set(own, this.offset(lane, head, 0));
    }
  }

  /** A lane's first rows as float32, `[head, row, channel]`. */
  save(lane: number, rows: number): Float32Array {
    const size = rows * this.channels;
    const saved = new Float32Array(this.heads * size);
    for (let head = 0; head < this.heads; head++) {
      const from = this.offset(lane, head, 0);
      const own = this.values.subarray(from, from + size);
      saved.set(own instanceof Float32Array ? own : Float32Array.from(own, fromHalf), head * size);
    }
    return saved;
  }

  /** A lane is what was saved, as near as the type can be. */
  restore(lane: number, saved: Float32Array): void {
    this.clear(lane);
    this.put(lane, 0, this.type === 'float32' ? saved : Uint16Array.from(saved, toHalf));
  }

  clear(lane: number): void {
    this.values.fill(0, this.offset(lane, 0, 0), this.offset(lane + 1, 0, 0));
  }

  private offset(lane: number, head: number, row: number): number {
    return ((lane * this.heads + head) * this.capacity + row) * this.channels;
  }
}
