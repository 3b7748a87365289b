import { instantiate, Modules } from '../webassembly/index.js';

/**
 * The loops of dense layers, over arrays in one memory, see assembly/. All addresses, strides and offsets are bytes; rows are
 * `stride` apart. A panel is 32 outputs.
 */
export interface Kernels {
  /** `outputs[r] = x[r] W`, the outputs of panels `from` to `to`, W in panels. */
  multiplyFloats(
    x: number,
    xStride: number,
    rows: number,
    inputs: number,
    weights: number,
    outputs: number,
    stride: number,
    from: number,
    to: number,
  ): void;
  /** Lays a matrix `[input][output]` out in panels. */
  layColumns(from: number, to: number, inputs: number, outputs: number): void;
  /** Lays a matrix `[output][input]` out in panels. */
  layRows(from: number, to: number, inputs: number, outputs: number): void;

  /** Rounds rows to 16 bits. */
  roundRows(x: number, xStride: number, rows: number, inputs: number, to: number, stride: number): void;
  /** The product of rounded rows with weights of 8 bits, in groups of four outputs. */
  multiplyBytes(
    x: number,
    xStride: number,
    rows: number,
    inputs: number,
    block: number,
    weights: number,
    scales: number,
    outputs: number,
    stride: number,
    from: number,
    to: number,
  ): void;
  /** Lays numbers of 8 bits, `[output][input]`, out in groups. */
  layBytes(from: number, to: number, inputs: number, outputs: number): void;
  /** Lays scales, `[output][block]`, out in groups. */
  layScales(from: number, to: number, blocks: number, outputs: number): void;

  /** Rounds rows to 8 bits, block by block. */
  roundBlocks(x: number, xStride: number, rows: number, inputs: number, to: number, stride: number): void;
  /** The product of rows that `roundBlocks` has rounded with weights of 4 bits, in groups of four outputs. */
  multiplyNibbles(
    x: number,
    xStride: number,
    rows: number,
    inputs: number,
    weights: number,
    scales: number,
    outputs: number,
    stride: number,
    from: number,
    to: number,
  ): void;
  /** Lays numbers of 4 bits, `[output][input / 2]`, out in groups. */
  layNibbles(from: number, to: number, inputs: number, outputs: number): void;

  /** `x += branch + bias`. */
  addBranch(
    x: number,
    xStride: number,
    branch: number,
    stride: number,
    bias: number,
    rows: number,
    count: number,
  ): void;
  /** `to = (x - mean) / sqrt(variance + epsilon) weight + offset`. */
  normalise(
    x: number,
    xStride: number,
    weight: number,
    offset: number,
    epsilon: number,
    rows: number,
    count: number,
    to: number,
    stride: number,
  ): void;
  /**
   * `newest = x + bias`, then `x = newest now + (older past2 + newer past1 + shortBias)`. The five weights follow each other,
   * `weightStride` apart: bias, past2, past1, shortBias, now.
   */
  convolveShort(
    x: number,
    stride: number,
    weights: number,
    weightStride: number,
    older: number,
    newer: number,
    newest: number,
    rows: number,
    count: number,
  ): void;
  /** `y = z gate`, then `z = pending + y rho0`. */
  convolveLong(
    z: number,
    gate: number,
    stride: number,
    rho0: number,
    pending: number,
    y: number,
    yStride: number,
    rows: number,
    count: number,
  ): void;
  /** `to = a b`. */
  multiply(
    a: number,
    b: number,
    stride: number,
    to: number,
    toStride: number,
    rows: number,
    count: number,
  ): void;
  /** `x = gelu(x + bias)`, in its tanh form. */
  geluTanh(x: number, stride: number, bias: number, rows: number, count: number): void;
  /** `x = f(x)`, f one of `FUNCTIONS` by its index. */
  activate(f: number, x: number, stride: number, rows: number, count: number): void;
}

/** What `activate` knows; gelu is the form with the error function. */
export const FUNCTIONS = ['relu', 'gelu', 'silu', 'sigmoid', 'tanh'] as const;

export const denseModules = new Modules('dense/kernels');

/** The kernels, working in a shared memory. */
export function denseKernels(memory: WebAssembly.Memory, module = denseModules.module): Kernels {
  return instantiate(module, memory) as unknown as Kernels;
}
