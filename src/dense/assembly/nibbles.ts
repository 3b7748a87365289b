/**
 * Products with weights of 4 bits, in blocks of 32 inputs, as sums of integers. A row is rounded block by block to 8 bits, the
 * block's largest magnitude to 127.
 *
 * Weights are whole numbers q from 0 to 15, which stand for q - 8, times a scale per block: a block's sum is that of q x, less 8
 * times the sum of x. Eight outputs lie together, `[outputs / 8][block]`: of the first four outputs 64 bytes, then of the others.
 * 16 of these are eight inputs: four bytes for each output, so that a sum has one lane for it, the first four inputs in the
 * lower halves. Scales are `[outputs / 8][block][8]`. A panel is 32 outputs; what fills the last one up has scale 0.
 */
import { madd } from '../../webassembly/assembly/fused';

const VECTOR: usize = 16;
/** Groups of eight outputs in a panel. */
const GROUPS: usize = 4;
/** Inputs of a block, and bytes of its weights for four outputs. */
const BLOCK: usize = 32;
const FOUR: usize = 64;
/** Bytes of a block of a rounded row: its digits, its scale, -8 times the digits' sum, and 8 bytes of nothing. */
const ROUNDED: usize = 48;
const SCALE: usize = 32;
const OFFSET: usize = 36;
/** The largest digit of a rounded row. */
const LARGEST: f32 = 127;

/** Rounds rows of `inputs` values. */
export function roundBlocks(
  x: usize,
  xStride: usize,
  rows: usize,
  inputs: usize,
  to: usize,
  stride: usize,
): void {
  for (let r: usize = 0; r < rows; r++) {
    let block = to;
    for (let at = x, end = x + 4 * inputs; at < end; at += 4 * BLOCK) {
      roundBlock(at, block);
      block += ROUNDED;
    }
    x += xStride;
    to += stride;
  }
}

// @inline
function roundBlock(x: usize, to: usize): void {
  let largest = f32x4.splat(0);
  for (let at = x; at < x + 4 * BLOCK; at += VECTOR) {
    largest = f32x4.max(largest, f32x4.abs(v128.load(at)));
  }
  const most = max(
    max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
  const factor = f32x4.splat(most === 0 ? 0 : LARGEST / most);
  const first = roundHalf(x, factor);
  const second = roundHalf(x + 4 * VECTOR, factor);
  v128.store(to, first);
  v128.store(to, second, VECTOR);
  const pairs = i16x8.add(i16x8.extadd_pairwise_i8x16_s(first), i16x8.extadd_pairwise_i8x16_s(second));
  const fours = i32x4.extadd_pairwise_i16x8_s(pairs);
  const sum =
    i32x4.extract_lane(fours, 0) +
    i32x4.extract_lane(fours, 1) +
    i32x4.extract_lane(fours, 2) +
    i32x4.extract_lane(fours, 3);
  store<f32>(to, most / LARGEST, SCALE);
  store<i32>(to, -8 * sum, OFFSET);
}

/** 16 values times a factor, as whole numbers of 8 bits. */
// @inline
function roundHalf(x: usize, factor: v128): v128 {
  const low = i16x8.narrow_i32x4_s(whole(v128.load(x), factor), whole(v128.load(x, VECTOR), factor));
  const high = i16x8.narrow_i32x4_s(
    whole(v128.load(x, 2 * VECTOR), factor),
    whole(v128.load(x, 3 * VECTOR), factor),
  );
  return i8x16.narrow_i16x8_s(low, high);
}

// @inline
function whole(x: v128, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, factor)));
}

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
  const blocks = inputs / BLOCK;
  for (let group = from * GROUPS; group < to * GROUPS; group++) {
    for (let r: usize = 0; r < rows; r++) {
      const row = x + r * xStride;
      let w = weights + group * blocks * 2 * FOUR;
      let s = scales + group * blocks * 2 * VECTOR;
      let first = f32x4.splat(0);
      let second = first;
      for (let block = row, end = row + blocks * ROUNDED; block < end; block += ROUNDED) {
        let c0 = i16x8.splat(0);
        let c1 = c0;
        for (let at = block, last = block + BLOCK; at < last; at += 16) {
          const x0 = v128.load32_splat(at);
          const x1 = v128.load32_splat(at, 4);
          const x2 = v128.load32_splat(at, 8);
          const x3 = v128.load32_splat(at, 12);
          c0 = addEight(c0, x0, x1, w);
          c0 = addEight(c0, x2, x3, w + VECTOR);
          c1 = addEight(c1, x0, x1, w + FOUR);
          c1 = addEight(c1, x2, x3, w + FOUR + VECTOR);
          w += 2 * VECTOR;
        }
        first = addBlock(first, c0, block, s);
        second = addBlock(second, c1, block, s + VECTOR);
        w += FOUR;
        s += 2 * VECTOR;
      }
      const at = outputs + r * stride + group * 2 * VECTOR;
      v128.store(at, first);
      v128.store(at, second, VECTOR);
    }
  }
}

/**
 * `sum` and eight inputs, `x` and `y` four of them in each lane, of four outputs: in pairs, of 16 bits. These hold a block, as a
 * product is at most 15 * 127 and there are 16 in a pair.
 */
// @inline
function addEight(sum: v128, x: v128, y: v128, w: usize): v128 {
  const weights = v128.load(w);
  const half = i8x16.splat(15);
  const low = dot(x, v128.and(weights, half));
  const high = dot(y, v128.and(i16x8.shr_u(weights, 4), half));
  return i16x8.add(sum, i16x8.add(low, high));
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
  const blocks = inputs / BLOCK;
  for (let o: usize = 0; o < outputs; o++) {
    let block = to + (o / 8) * blocks * 2 * FOUR + ((o % 8) / 4) * FOUR + (o % 4) * 4;
    for (const end = from + inputs / 2; from < end; block += 2 * FOUR) {
      for (let at = block; at < block + FOUR; at += VECTOR) {
        const eight = load<u32>(from);
        store<u32>(at, bytesOf(eight & 0xffff) | (bytesOf(eight >> 16) << 4));
        from += 4;
      }
    }
  }
}

/** Four numbers of 4 bits as one of 8 each. */
// @inline
function bytesOf(four: u32): u32 {
  const two = (four | (four << 8)) & 0x00ff00ff;
  return (two | (two << 4)) & 0x0f0f0f0f;
}
