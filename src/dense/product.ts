/**
 * A product of rows with a matrix as plain numbers, which threads can read: so many words of a shared array. Addresses and strides
 * are bytes. Objects would take as long to make, for each product, as a small one takes.
 */
import type { Kernels } from './kernels.js';
import type { Matrix } from './matrix.js';
import { PANEL, type Rows } from './rows.js';

/** Words of a product. */
export const WORDS = 11;

/**
 * @param x address of the rows: of float32, or rounded ones where weights are quantised
 * @param xStride from one to the next
 */
export function writeProduct(
  words: Int32Array,
  rows: number,
  x: number,
  xStride: number,
  matrix: Matrix,
  to: Rows,
): void {
  words[0] = rows;
  words[1] = x;
  words[2] = xStride;
  words[3] = matrix.inputs;
  words[4] = Math.ceil(matrix.outputs / PANEL);
  words[5] = matrix.weights;
  words[6] = matrix.block;
  words[7] = matrix.scales;
  words[8] = to.address;
  words[9] = to.stride;
  words[10] = matrix.bits;
}

/** Computes the outputs of a thread, out of so many. */
export function multiplyShare(kernels: Kernels, words: Int32Array, thread: number, threads: number): void {
  const [rows, x, xStride, inputs, panels] = [words[0], words[1], words[2], words[3], words[4]];
  const [weights, block, scales] = [words[5], words[6], words[7]];
  const [to, stride, bits] = [words[8], words[9], words[10]];
  const first = Math.floor((panels * thread) / threads);
  const end = Math.floor((panels * (thread + 1)) / threads);
  if (bits === 32) kernels.multiplyFloats(x, xStride, rows, inputs, weights, to, stride, first, end);
  else if (bits === 8) {
    kernels.multiplyBytes(x, xStride, rows, inputs, block, weights, scales, to, stride, first, end);
  } else kernels.multiplyNibbles(x, xStride, rows, inputs, weights, scales, to, stride, first, end);
}
