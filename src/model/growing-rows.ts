/** Rows at which capacity grows: copies are rare, and little of what is read is empty. */
const GROWTH = 256;

/** What a layer keeps of every position, of sequences side by side: `[lane, head, row, channel]`, rows beyond a lane's own all zero. */
export class GrowingRows {
  /** Rows there is room for. */
  capacity = GROWTH;
  values: Float32Array;

  constructor(
    private readonly lanes: number,
    private readonly heads: number,
    private readonly channels: number,
  ) {
    this.values = new Float32Array(lanes * heads * GROWTH * channels);
  }

  /** Values of one row of one lane. */
  get row(): number {
    return this.heads * this.channels;
  }

  /** Makes room for so many rows. */
  reserve(rows: number): void {
    if (rows <= this.capacity) return;
    const { values, capacity, lanes, heads, channels } = this;
    this.capacity = Math.ceil(rows / GROWTH) * GROWTH;
    this.values = new Float32Array(lanes * heads * this.capacity * channels);
    for (let k = 0; k < lanes * heads; k++) {
      const own = values.subarray(k * capacity * channels, (k + 1) * capacity * channels);
      this.values.set(own, k * this.capacity * channels);
    }
  }

  /** Writes rows `[head, row, channel]` of a lane, the first of them row `at`. */
  put(lane: number, at: number, rows: Float32Array): void {
    this.reserve(at + rows.length / this.row);
    const size = rows.length / this.heads;
    for (let head = 0; head < this.heads; head++) {
      this.values.set(rows.subarray(head * size, (head + 1) * size), this.offset(lane, head, at));
    }
  }

  /** A copy of a lane's first rows, `[head, row, channel]`. */
  take(lane: number, rows: number): Float32Array {
    const size = rows * this.channels;
    const taken = new Float32Array(this.heads * size);
    for (let head = 0; head < this.heads; head++) {
      const from = this.offset(lane, head, 0);
      taken.set(this.values.subarray(from, from + size), head * size);
    }
    return taken;
  }

  clear(lane: number): void {
    this.values.fill(0, this.offset(lane, 0, 0), this.offset(lane + 1, 0, 0));
  }

  private offset(lane: number, head: number, row: number): number {
    return ((lane * this.heads + head) * this.capacity + row) * this.channels;
  }
}
