/**
 * Blocks of float32 to whole numbers of 8 or 4 bits, as `../quantised.ts` defines them. Four blocks go side by side through a
 * vector.
 *
 * Arrays of both functions:
 * - `x` `[4 groups, block]` float32
 * - `bytes` `[4 groups, block * bits / 8]`, `scales` `[4 groups]` float32: what comes out
 * - `scratch` `[block, 4]` float32
 * - `sums` `[2]` float64: to which are added the squares of what values are off by, and of the values
 */

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);

/** Four blocks, the values of one place side by side. Returns their largest magnitudes. */
// @inline
function interleave(x: usize, block: usize, scratch: usize): v128 {
  let most = ZERO;
  const row: usize = 4 * block;
  for (let i: usize = 0; i < row; i += 4) {
    let values = v128.load32_zero(x + i);
    values = v128.load_lane<f32>(x + i + row, values, 1);
    values = v128.load_lane<f32>(x + i + 2 * row, values, 2);
    values = v128.load_lane<f32>(x + i + 3 * row, values, 3);
    v128.store(scratch + 4 * i, values);
    most = f32x4.pmax(most, f32x4.abs(values));
  }
  return most;
}

/** The nearest whole numbers from `least` to `most`. */
// @inline
function whole(values: v128, least: f32, most: f32): v128 {
  return f32x4.pmax(f32x4.pmin(f32x4.nearest(values), f32x4.splat(most)), f32x4.splat(least));
}

// @inline
function storeLanes(to: usize, stride: usize, values: v128): void {
  v128.store_lane<f32>(to, values, 0);
  v128.store_lane<f32>(to + stride, values, 1);
  v128.store_lane<f32>(to + 2 * stride, values, 2);
  v128.store_lane<f32>(to + 3 * stride, values, 3);
}

/** The squares of four numbers, added to two float64. */
// @inline
function addSquares(sums: v128, values: v128): v128 {
  const low = f64x2.promote_low_f32x4(values);
  const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 2, 3));
  return f64x2.add(sums, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
}

/** The lowest bytes of four numbers of 32 bits, each or-ed to a byte of its block, `shift` bits further up. */
// @inline
function addBytes(to: usize, stride: usize, numbers: v128, shift: i32): void {
  const shifted = i32x4.shl(numbers, shift);
  store<u8>(to, load<u8>(to) | u8(i32x4.extract_lane(shifted, 0)));
  store<u8>(to + stride, load<u8>(to + stride) | u8(i32x4.extract_lane(shifted, 1)));
  store<u8>(to + 2 * stride, load<u8>(to + 2 * stride) | u8(i32x4.extract_lane(shifted, 2)));
  store<u8>(to + 3 * stride, load<u8>(to + 3 * stride) | u8(i32x4.extract_lane(shifted, 3)));
}

/** `bytes` are zero before. The scale is tried as the largest magnitude over each of the `count` numbers `divisors`. */
export function roundToFour(
  x: usize,
  groups: usize,
  block: usize,
  bytes: usize,
  scales: usize,
  divisors: usize,
  count: usize,
  scratch: usize,
  sums: usize,
): void {
  let off = f64x2.splat(0);
  let norm = f64x2.splat(0);
  const half = block >> 1;
  const end = scratch + 16 * block;
  for (let group: usize = 0; group < groups; group++) {
    const most = interleave(x, block, scratch);
    const none = f32x4.eq(most, ZERO);
    const largest = v128.bitselect(ONE, most, none);
    for (let at = scratch; at < end; at += 16) {
      const values = v128.load(at);
      norm = addSquares(norm, values);
      v128.store(at, f32x4.div(values, largest));
    }
    let best = ZERO;
    let chosen = ZERO;
    for (let k: usize = 0; k < count; k++) {
      const divisor = v128.load32_splat(divisors + 4 * k);
      let product = ZERO;
      let square = ZERO;
      for (let at = scratch; at < end; at += 16) {
        const values = v128.load(at);
        const q = whole(f32x4.mul(values, divisor), -8, 7);
        product = f32x4.add(product, f32x4.mul(q, values));
        square = f32x4.add(square, f32x4.mul(q, q));
      }
      // The squared error of q times its best scale is that much less than the block's own square.
      const gain = f32x4.div(f32x4.mul(product, product), square);
      const better = f32x4.gt(gain, best);
      best = v128.bitselect(gain, best, better);
      chosen = v128.bitselect(divisor, chosen, better);
    }
    let product = ZERO;
    let square = ZERO;
    for (let at = scratch; at < end; at += 16) {
      const values = v128.load(at);
      const q = whole(f32x4.mul(values, chosen), -8, 7);
      product = f32x4.add(product, f32x4.mul(q, values));
      square = f32x4.add(square, f32x4.mul(q, q));
    }
    const ratio = v128.andnot(f32x4.div(product, square), none);
    const scale = f32x4.mul(ratio, largest);
    storeLanes(scales, 4, scale);
    for (let i: usize = 0; i < block; i++) {
      const values = v128.load(scratch + 16 * i);
      const q = whole(f32x4.mul(values, chosen), -8, 7);
      off = addSquares(off, f32x4.sub(f32x4.mul(values, largest), f32x4.mul(q, scale)));
      const numbers = i32x4.trunc_sat_f32x4_s(f32x4.add(q, f32x4.splat(8)));
      addBytes(bytes + (i >> 1), half, numbers, 4 * (i32(i) & 1));
    }
    x += 16 * block;
    bytes += 2 * block;
    scales += 16;
  }
  addUp(sums, off, norm);
}

/** `bytes` are zero before. The scale takes a block's largest magnitude to 127. */
export function roundToEight(
  x: usize,
  groups: usize,
  block: usize,
  bytes: usize,
  scales: usize,
  scratch: usize,
  sums: usize,
): void {
  let off = f64x2.splat(0);
  let norm = f64x2.splat(0);
  for (let group: usize = 0; group < groups; group++) {
    const most = interleave(x, block, scratch);
    const scale = f32x4.div(most, f32x4.splat(127));
    storeLanes(scales, 4, scale);
    const divisor = v128.bitselect(ONE, scale, f32x4.eq(scale, ZERO));
    for (let i: usize = 0; i < block; i++) {
      const values = v128.load(scratch + 16 * i);
      const q = whole(f32x4.div(values, divisor), -127, 127);
      norm = addSquares(norm, values);
      off = addSquares(off, f32x4.sub(values, f32x4.mul(q, scale)));
      addBytes(bytes + i, block, i32x4.trunc_sat_f32x4_s(f32x4.add(q, f32x4.splat(128))), 0);
    }
    x += 16 * block;
    bytes += 4 * block;
    scales += 16;
  }
  addUp(sums, off, norm);
}

function addUp(sums: usize, off: v128, norm: v128): void {
  store<f64>(sums, load<f64>(sums) + f64x2.extract_lane(off, 0) + f64x2.extract_lane(off, 1));
  store<f64>(sums + 8, load<f64>(sums + 8) + f64x2.extract_lane(norm, 0) + f64x2.extract_lane(norm, 1));
}
