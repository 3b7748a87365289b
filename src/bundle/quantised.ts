/**
 * Quantised weights. A row of a matrix's outputs is cut into blocks; a block is a scale s and a whole number q for each value,
 * which is then `q s`. Scales are float32, numbers are stored without a sign: q + 128 in a byte, or q + 8 in half of one,
 * the lower half first.
 *
 * With 8 bits, s takes the block's largest magnitude to 127. With 4 bits, it is the one with the least squared error: each
 * of a range of scales, of either sign, rounds the block to some q; for these, the best scale is `<x, q> / <q, q>`.
 */
import { setImmediate } from 'node:timers/promises';
import { orientationOf, transpose, type Values } from '../hyena/index.js';
import { scalesOf } from '../layers/index.js';
import { elements, type Packing } from '../onnx/index.js';
import { Rounding } from './rounding.js';

export type Bits = Packing['bits'];

/** What a tensor is stored as. */
export interface Stored {
  readonly dtype: 'F32' | 'U8';
  readonly dims: readonly number[];
  readonly packing?: Packing;
}

/**
 * Values in a block, the best size first: what divides a row is taken. In blocks of other sizes, kernels are slower, or give a
 * row of several other bits than one alone.
 */
const BLOCKS: { readonly [B in Bits]: readonly number[] } = { 8: [64, 32], 4: [32] };

/** Milliseconds of work after which the event loop gets a turn. */
const BREATH = 50;

/** Bits of a tensor of a model that is quantised to so many: embeddings, of which a token reads one row, have 8 in any case. */
export const bitsOf = (name: string, bits: Bits): Bits => (name === 'embeddings' ? 8 : bits);

/** Whether a model of so many bits has a head of its own, tied or not: where the embeddings have others. */
export const hasHead = (headed: boolean, bits: Bits | undefined): boolean => headed || bits === 4;

/** How a tensor of a model that is quantised to so many bits is packed; undefined where it stays as it is. */
export function packingOf(name: string, dims: readonly number[], model: Bits): Packing | undefined {
  const orientation = orientationOf(name);
  if (orientation === undefined) return undefined;
  const bits = bitsOf(name, model);
  const inputs = orientation === 'rows' ? dims[1] : dims[0];
  const block = BLOCKS[bits].find((size) => inputs % size === 0);
  return block === undefined ? undefined : { bits, block };
}

/** Tensors of these shapes as a bundle stores them, with those that can be quantised to so many bits. */
export function storedTensors(
  shapes: ReadonlyMap<string, readonly number[]>,
  bits: Bits | undefined,
): ReadonlyMap<string, Stored> {
  const stored = new Map<string, Stored>();
  for (const [name, dims] of shapes) {
    const packing = bits && packingOf(name, dims, bits);
    if (packing === undefined) {
      stored.set(name, { dtype: 'F32', dims });
      continue;
    }
    const { block } = packing;
    const [outputs, inputs] = orientationOf(name) === 'rows' ? dims : [...dims].reverse();
    const blocks = inputs / block;
    stored.set(name, { dtype: 'U8', dims: [outputs, blocks, (block * packing.bits) / 8], packing });
    stored.set(scalesOf(name), { dtype: 'F32', dims: [outputs, blocks] });
  }
  return stored;
}

/** A quantised tensor, as it is stored. */
export interface Quantised {
  readonly bytes: Uint8Array;
  readonly scales: Float32Array;
  /** Relative: the norm of what it is off by, over its own. */
  readonly error: number;
}

/** The values of a tensor of the model by rows of what makes one output, along which blocks lie. */
export function outputsOf(name: string, dims: readonly number[], values: Values): Float32Array {
  if (orientationOf(name) === 'rows') return values();
  return values.transposed?.() ?? transpose(values(), dims[0], dims[1]);
}

let rounding: Rounding | undefined;

/** Quantises values that lie by outputs. */
export async function quantise(rows: Float32Array, packing: Packing): Promise<Quantised> {
  const { bits, block } = packing;
  rounding ??= new Rounding();
  const bytes = new Uint8Array((rows.length * bits) / 8);
  const scales = new Float32Array(rows.length / block);
  const most = rounding.most(block);
  let [off, norm] = [0, 0];
  let rested = performance.now();
  for (let at = 0; at < rows.length; at += most) {
    const part = rows.subarray(at, at + most);
    const sums = rounding.round(
      part,
      packing,
      bytes.subarray((at * bits) / 8, ((at + part.length) * bits) / 8),
      scales.subarray(at / block, (at + part.length) / block),
    );
    off += sums.off;
    norm += sums.norm;
    if (performance.now() - rested < BREATH) continue;
    await setImmediate();
    rested = performance.now();
  }
  return { bytes, scales, error: norm === 0 ? 0 : Math.sqrt(off / norm) };
}

/** The values of a quantised tensor, in the shape and order of the model's. */
export function dequantise(
  name: string,
  { dims, packing }: Pick<Stored, 'dims' | 'packing'>,
  bytes: Uint8Array,
  scales: Float32Array,
): Float32Array {
  const { bits, block } = packing!;
  const rows = new Float32Array(elements(dims) * (8 / bits));
  for (let b = 0, at = 0; b < scales.length; b++) {
    for (let i = 0; i < block; i++, at++) {
      const q = bits === 8 ? bytes[at] - 128 : ((bytes[at >> 1] >> (4 * (at & 1))) & 15) - 8;
      rows[at] = q * scales[b];
    }
  }
  return orientationOf(name) === 'rows' ? rows : transpose(rows, dims[0], dims[1] * block);
}
