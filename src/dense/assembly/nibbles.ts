/**
 * Products with weights of 4 bits, in blocks of 32 inputs, of rows rounded to 8 bits (rounding.ts), as sums of integers.
 *
 * Weights are whole numbers q from 0 to 15, which stand for q - 8, times a scale per block: a block's sum is that of q x, less 8
 * times the sum of x. Four outputs lie together, so that a sum has one lane for each: 16 bytes are eight inputs, four bytes for
 * each output, the first four inputs in the lower halves. Scales are `[outputs / 4][block][4]`. A panel is 32 outputs; what fills
 * the last one up has scale 0. Quarters of the outputs are read side by side, see bytes.ts.
 */
import { madd } from '../../webassembly/assembly/fused';
import { BLOCK, OFFSET, ROUNDED, SCALE } from './rounding';

const VECTOR: usize = 16;
/** Groups of four outputs in a quarter of a panel. */
const QUARTER: usize = 2;

/** `outputs[r] = inputs[r] W`, the outputs of panels `from` to `to` of each of `rows` rounded rows. */
export function multiplyNibbles(
  x: usize,
  xStride: usize,
  rows: usize,
  inputs: usize,
  weights: usize,
  scales: usize,
  outputs: usize,
  stride: usize,
  from: usize,
  to: usize,
): void {
  const size = 2 * inputs;
  const blocks = inputs / BLOCK;
  const heads = blocks * VECTOR;
  const quarter = (to - from) * QUARTER;
  const apart = quarter * size;
  const headsApart = quarter * heads;
  const outputsApart = quarter * VECTOR;
  const first = 4 * from * QUARTER;
  for (let group = first; group < first + quarter; group++) {
    for (let r: usize = 0; r < rows; r++) {
      const row = x + r * xStride;
      let s = scales + group * heads;
      let w0 = weights + group * size;
      let w1 = w0 + apart;
      let w2 = w1 + apart;
      let w3 = w2 + apart;
      let t0 = f32x4.splat(0);
      let t1 = t0;
      let t2 = t0;
      let t3 = t0;
      for (let block = row, end = row + blocks * ROUNDED; block < end; block += ROUNDED) {
        let c0 = i16x8.splat(0);
        let c1 = c0;
        let c2 = c0;
        let c3 = c0;
        for (let digits = block, last = block + BLOCK; digits < last; digits += 8) {
          const low = v128.load32_splat(digits);
          const high = v128.load32_splat(digits, 4);
          c0 = addEight(c0, low, high, w0);
          c1 = addEight(c1, low, high, w1);
          c2 = addEight(c2, low, high, w2);
          c3 = addEight(c3, low, high, w3);
          w0 += VECTOR;
          w1 += VECTOR;
          w2 += VECTOR;
          w3 += VECTOR;
        }
        t0 = addBlock(t0, c0, block, s);
        t1 = addBlock(t1, c1, block, s + headsApart);
        t2 = addBlock(t2, c2, block, s + 2 * headsApart);
        t3 = addBlock(t3, c3, block, s + 3 * headsApart);
        s += VECTOR;
      }
      const at = outputs + r * stride + group * VECTOR;
      v128.store(at, t0);
      v128.store(at + outputsApart, t1);
      v128.store(at + 2 * outputsApart, t2);
      v128.store(at + 3 * outputsApart, t3);
    }
  }
}

/**
 * `sum` and eight inputs of four outputs, in pairs, of 16 bits. These hold a block: a product is at most 15 * 127, and there are
 * 16 in a pair.
 */
// @inline
function addEight(sum: v128, low: v128, high: v128, w: usize): v128 {
  const weights = v128.load(w);
  const half = i8x16.splat(15);
  const first = dot(low, v128.and(weights, half));
  const second = dot(high, v128.and(i16x8.shr_u(weights, 4), half));
  return i16x8.add(sum, i16x8.add(first, second));
}

/** `total` and a block's sums. */
// @inline
function addBlock(total: v128, sums: v128, block: usize, scale: usize): v128 {
  const whole = i32x4.add(i32x4.extadd_pairwise_i16x8_s(sums), v128.load32_splat(block, OFFSET));
  const scaled = f32x4.mul(f32x4.convert_i32x4_s(whole), v128.load32_splat(block, SCALE));
  return madd(total, scaled, v128.load(scale));
}

/** Products of bytes, added in pairs to 16 bits. The second ones are 0 to 15, so all processors agree. */
// @inline
function dot(a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_dot<i16>(a, b);
  const even = i16x8.mul(i16x8.shr_s(i16x8.shl(a, 8), 8), v128.and(b, i16x8.splat(15)));
  return i16x8.add(even, i16x8.mul(i16x8.shr_s(a, 8), i16x8.shr_u(b, 8)));
}

/** Lays numbers of 4 bits, `[output][input / 2]`, the lower half first, out in groups. What fills up the last panel is left alone. */
export function layNibbles(from: usize, to: usize, inputs: usize, outputs: usize): void {
  for (let o: usize = 0; o < outputs; o++) {
    let at = to + (o / 4) * 2 * inputs + (o % 4) * 4;
    for (const end = from + inputs / 2; from < end; from += 4) {
      const eight = load<u32>(from);
      store<u32>(at, bytesOf(eight & 0xffff) | (bytesOf(eight >> 16) << 4));
      at += VECTOR;
    }
  }
}

/** Four numbers of 4 bits as one of 8 each. */
// @inline
function bytesOf(four: u32): u32 {
  const two = (four | (four << 8)) & 0x00ff00ff;
  return (two | (two << 4)) & 0x0f0f0f0f;
}
