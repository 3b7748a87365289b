/**
 * What implicit filters are made of: an MLP with sines, from what is known of a lag to the taps of all channels, and a decaying
 * window.
 *
 * Rows are `stride` bytes apart, a multiple of 32, and as many are written as that has room for. Each value is a sum over its
 * inputs in their order, whatever is computed beside it: it is the same bits wherever rows are cut.
 */
import { exponential, ROUND } from '../../../webassembly/assembly/exponential';
import { madd, msub } from '../../../webassembly/assembly/fused';
import { multiplyFourRows } from '../../../webassembly/assembly/strip';
import { VECTOR } from './layout';

/** Bytes of 8 columns. */
const PANEL: usize = 32;

/**
 * `outputs[r] = inputs[r] weights` for rows r < `rows`, a multiple of 4, each of `count` inputs, which are one after the other,
 * `inputStride` bytes apart from row to row. Weights are `[panel][input][8]`, a panel being 8 columns: each is read from one end to
 * the other, and stays in the cache for all rows.
 */
export function multiplyRows(
  inputs: usize,
  inputStride: usize,
  rows: usize,
  count: usize,
  weights: usize,
  outputs: usize,
  stride: usize,
): void {
  for (let o: usize = 0; o < stride; o += PANEL) {
    for (let r: usize = 0; r < rows; r += 4) {
      multiplyFourRows(
        inputs + r * inputStride,
        inputStride,
        count,
        weights,
        outputs + r * stride + o,
        stride,
      );
    }
    weights += PANEL * count;
  }
}

/** `x[r] = sin(frequency (x[r] + bias))`. */
export function sineRows(x: usize, rows: usize, stride: usize, bias: usize, frequency: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    for (let o: usize = 0; o < stride; o += VECTOR) {
      const sum = f32x4.add(v128.load(x + o), v128.load(bias + o));
      v128.store(x + o, sine(f32x4.mul(v128.load(frequency + o), sum)));
    }
    x += stride;
  }
}

/** `x[r] = x[r] (exp(times[r] decay) + shift)`. */
export function windowRows(
  x: usize,
  rows: usize,
  stride: usize,
  times: usize,
  decay: usize,
  shift: f32,
): void {
  for (let r: usize = 0; r < rows; r++) {
    const time = v128.load32_splat(times + 4 * r);
    for (let o: usize = 0; o < stride; o += VECTOR) {
      const window = exponential(f32x4.mul(time, v128.load(decay + o)));
      v128.store(x + o, f32x4.mul(v128.load(x + o), f32x4.add(window, f32x4.splat(shift))));
    }
    x += stride;
  }
}

/** What is at most `smallest` in size becomes 0. */
export function shrinkRows(x: usize, rows: usize, stride: usize, smallest: f32): void {
  for (let end = x + rows * stride; x < end; x += VECTOR) {
    const value = v128.load(x);
    v128.store(x, v128.and(value, f32x4.gt(f32x4.abs(value), f32x4.splat(smallest))));
  }
}

/**
 * sin(x) for |x| < 25,000, to an ulp or two of 1: x less the nearest multiple k of pi, which is taken in three parts, the first
 * two of so few digits that their products with k are exact; then a polynomial whose largest error is the least. The sign is
 * that of (-1)^k.
 */
// @inline
function sine(x: v128): v128 {
  const rounded = f32x4.add(f32x4.mul(x, f32x4.splat(0.3183098861837907)), f32x4.splat(ROUND));
  const k = f32x4.sub(rounded, f32x4.splat(ROUND));
  let r = msub(x, k, f32x4.splat(3.140625));
  r = msub(r, k, f32x4.splat(9.67502593994140625e-4));
  r = msub(r, k, f32x4.splat(1.509957990978376432e-7));
  const s = f32x4.mul(r, r);
  let p = f32x4.splat(-2.384518869250757e-8);
  p = madd(f32x4.splat(2.7522531432472123e-6), p, s);
  p = madd(f32x4.splat(-1.9840802270198457e-4), p, s);
  p = madd(f32x4.splat(8.333330481250232e-3), p, s);
  p = madd(f32x4.splat(-0.16666666606083316), p, s);
  const y = madd(r, f32x4.mul(r, s), p);
  return v128.xor(y, i32x4.shl(rounded, 31));
}
