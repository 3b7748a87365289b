/**
 * Rows rounded to whole numbers times a scale, which products with quantised weights multiply.
 *
 * For weights of 8 bits, to 16 bits, a row's largest magnitude to 32767. So it is off by at most 2^-16 of that, a hundredth of what
 * the weights are off by. For weights of 4 bits, to 8 bits, the largest magnitude of a block to 127: a tenth of what these are off
 * by.
 */

const VECTOR: usize = 16;

/** Where the digits of a row of 16 bits begin, 2 bytes each: behind its scale and 12 bytes of nothing. */
export const DIGITS: usize = 16;

/** Inputs of a block. */
export const BLOCK: usize = 32;
/** Bytes of a block of 8 bits: its digits; its scale; -8 times the digits' sum; 8 bytes of nothing. */
export const ROUNDED: usize = 48;
export const SCALE: usize = 32;
export const OFFSET: usize = 36;

/** The largest digits. */
const OF_16: f32 = 32767;
const OF_8: f32 = 127;

/** Rounds rows of `inputs` values, a multiple of 32, to 16 bits. */
export function roundRows(
  x: usize,
  xStride: usize,
  rows: usize,
  inputs: usize,
  to: usize,
  stride: usize,
): void {
  for (let r: usize = 0; r < rows; r++) {
    const end = x + 4 * inputs;
    const most = largest(x, end);
    const factor = f32x4.splat(most === 0 ? 0 : OF_16 / most);
    let digits = to + DIGITS;
    for (let at = x; at < end; at += 2 * VECTOR) {
      v128.store(digits, eight(at, factor));
      digits += VECTOR;
    }
    store<f32>(to, most / OF_16);
    x += xStride;
    to += stride;
  }
}

/** Rounds rows of `inputs` values, a multiple of 32, to 8 bits. */
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
  const most = largest(x, x + 4 * BLOCK);
  const factor = f32x4.splat(most === 0 ? 0 : OF_8 / most);
  const first = sixteen(x, factor);
  const second = sixteen(x + 4 * VECTOR, factor);
  v128.store(to, first);
  v128.store(to, second, VECTOR);
  const pairs = i16x8.add(i16x8.extadd_pairwise_i8x16_s(first), i16x8.extadd_pairwise_i8x16_s(second));
  const fours = i32x4.extadd_pairwise_i16x8_s(pairs);
  const sum =
    i32x4.extract_lane(fours, 0) +
    i32x4.extract_lane(fours, 1) +
    i32x4.extract_lane(fours, 2) +
    i32x4.extract_lane(fours, 3);
  store<f32>(to, most / OF_8, SCALE);
  store<i32>(to, -8 * sum, OFFSET);
}

/** The largest magnitude of the values before `end`; NaN if one is. */
// @inline
function largest(x: usize, end: usize): f32 {
  let most = f32x4.splat(0);
  for (; x < end; x += VECTOR) most = f32x4.max(most, f32x4.abs(v128.load(x)));
  return max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
}

/** 16 values times a factor, as whole numbers of 8 bits. */
// @inline
function sixteen(x: usize, factor: v128): v128 {
  return i8x16.narrow_i16x8_s(eight(x, factor), eight(x + 2 * VECTOR, factor));
}

/** 8 values times a factor, as whole numbers of 16 bits. */
// @inline
function eight(x: usize, factor: v128): v128 {
  return i16x8.narrow_i32x4_s(four(x, factor), four(x + VECTOR, factor));
}

// @inline
function four(x: usize, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x), factor)));
}
