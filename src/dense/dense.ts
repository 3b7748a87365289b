import type { Kernels } from './kernels.js';
import { layMatrix, type Matrix, type MatrixShape, roundedBytes } from './matrix.js';
import { type Rows, stride } from './rows.js';
import { DenseTeam } from './team.js';
import { Workspace } from './workspace.js';

/** Weights of dense layers, rows that they are multiplied with, and threads that do it. */
export class Dense {
  private readonly workspace = new Workspace();
  /** What is computed value by value. */
  readonly kernels: Kernels = this.workspace.kernels;
  private readonly team: DenseTeam;
  /** Where rows are rounded, and bytes of room there. */
  private rounded = 0;
  private roundedRoom = 0;

  constructor(threads = 1) {
    this.team = new DenseTeam(this.workspace, threads);
  }

  /** The address of a vector of weights. */
  vector(values: Float32Array): number {
    return this.workspace.vector(values);
  }

  /** Several of one length, `stride` apart. */
  vectors(values: readonly Float32Array[]): number {
    const addresses = values.map((each) => this.vector(each));
    return addresses[0];
  }

  /** See `layMatrix`. */
  matrix(shape: MatrixShape, bytes: Uint8Array, scales?: Uint8Array): Matrix {
    return layMatrix(this.workspace, shape, bytes, scales);
  }

  rows(count: number, channels: number): Rows {
    const size = stride(channels);
    const address = this.workspace.take(count * size);
    const values = this.workspace.floats(address, (count * size) / 4).fill(0);
    return { address, channels, stride: size, values };
  }

  /** `to[r] = x[r] W`, `count` rows. */
  multiply(x: Rows, matrix: Matrix, count: number, to: Rows): void {
    const { inputs, bits } = matrix;
    if (bits === 32) {
      if (inputs > x.channels) for (let r = 0; r < count; r++) x.values[(r * x.stride) / 4 + x.channels] = 0;
      this.team.multiply(count, x.address, x.stride, matrix, to);
      return;
    }
    const size = roundedBytes(inputs, bits);
    if (count * size > this.roundedRoom) this.makeRoom(count * size);
    const { rounded } = this;
    if (bits === 8) this.kernels.roundRows(x.address, x.stride, count, inputs, rounded, size);
    else this.kernels.roundBlocks(x.address, x.stride, count, inputs, rounded, size);
    this.team.multiply(count, rounded, size, matrix, to);
  }

  async close(): Promise<void> {
    await this.team.close();
  }

  private makeRoom(bytes: number): void {
    this.rounded = this.workspace.take(bytes);
    this.roundedRoom = bytes;
  }
}
