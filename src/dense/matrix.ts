/** Matrices as kernels read them: laid out anew, panel by panel, so that a product reads one from end to end. */
import { panels, PANEL } from './rows.js';
import type { Workspace } from './workspace.js';

/** A matrix in a workspace. */
export interface Matrix {
  /** An even number where weights are float32: a last one of 0, where there are fewer. */
  readonly inputs: number;
  readonly outputs: number;
  /** Address. */
  readonly weights: number;
  /** Of a weight. */
  readonly bits: 32 | 8 | 4;
  /** Inputs in a block of quantised weights, and the address of their scales; 0 where they are float32. */
  readonly block: number;
  readonly scales: number;
}

/** How a matrix is stored. */
export interface MatrixShape {
  /** Whether the outputs come first, `[output, input]`, as they do where it is packed. */
  readonly byOutput: boolean;
  readonly inputs: number;
  readonly outputs: number;
  /** Of quantised weights, `[output, block, bytes]`: bits of each, and inputs in a block, which is 32 where they have 4. */
  readonly packing?: { readonly bits: 8 | 4; readonly block: number };
}

const even = (inputs: number): number => inputs + (inputs % 2);

/** Bytes that a matrix takes. */
export function matrixBytes({ inputs, outputs, packing }: MatrixShape): number {
  const values = panels(outputs) * PANEL * even(inputs);
  return packing === undefined ? 4 * values : (values * packing.bits) / 8 + (4 * values) / packing.block;
}

/**
 * Lays a matrix out in a workspace.
 *
 * @param bytes as they are stored
 * @param stored scales of quantised weights, `[output, block]` float32
 */
export function layMatrix(
  workspace: Workspace,
  { byOutput, inputs, outputs, packing }: MatrixShape,
  bytes: Uint8Array,
  stored?: Uint8Array,
): Matrix {
  const { kernels } = workspace;
  const values = panels(outputs) * PANEL * even(inputs);
  if (packing === undefined) {
    const weights = workspace.take(4 * values);
    const from = copyOf(workspace, bytes);
    if (byOutput) kernels.layRows(from, weights, inputs, outputs);
    else kernels.layColumns(from, weights, inputs, outputs);
    return { inputs: even(inputs), outputs, weights, bits: 32, block: 0, scales: 0 };
  }
  const { bits, block } = packing;
  const size = (values * bits) / 8;
  const weights = workspace.take(size);
  const scales = workspace.take((4 * values) / block);
  // What fills up the last panel.
  workspace.bytes(weights, size).fill(0);
  workspace.floats(scales, values / block).fill(0);
  const from = copyOf(workspace, bytes);
  if (bits === 8) kernels.layBytes(from, weights, inputs, outputs);
  else kernels.layNibbles(from, weights, inputs, outputs);
  kernels.layScales(copyOf(workspace, stored!), scales, inputs / block, outputs);
  return { inputs, outputs, weights, bits, block, scales };
}

/** Bytes of a rounded row, for weights of so many bits; see assembly/rounding.ts. */
export const roundedBytes = (inputs: number, bits: 8 | 4): number =>
  bits === 8 ? 16 + 2 * inputs : (inputs / 32) * 48;

function copyOf(workspace: Workspace, bytes: Uint8Array): number {
  const address = workspace.borrow(bytes.length);
  workspace.bytes(address, bytes.length).set(bytes);
  return address;
}
