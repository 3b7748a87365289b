/**
 * Products with weights of 8 bits, as sums of integers: a row is rounded to 16 bits, its largest magnitude to 32767. So it is off
 * by at most 2^-16 of that, a hundredth of what 8 bits of weights are off by.
 *
 * Weights are whole numbers of 8 bits times a scale per block of inputs. Four outputs lie together: 16 bytes of the first, of the
 * second, the third and the fourth, then the next 16 of each. Scales are `[outputs / 4][block][4]`. A panel is 32 outputs; what
 * fills the last one up has scale 0.
 */
import { madd } from '../../webassembly/assembly/fused';

const VECTOR: usize = 16;
/** Groups of four outputs in a panel. */
const GROUPS: usize = 8;
/** The largest digit of a rounded row. */
const LARGEST: f32 = 32767;

/** Rounds rows of `inputs` values, a multiple of 32: to a scale, 12 bytes of nothing, and digits of 2 bytes. */
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
    let largest = f32x4.splat(0);
    for (let at = x; at < end; at += VECTOR) largest = f32x4.max(largest, f32x4.abs(v128.load(at)));
    const most = max(
      max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
      max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
    );
    store<f32>(to, most / LARGEST);
    const factor = f32x4.splat(most === 0 ? 0 : LARGEST / most);
    let digits = to + VECTOR;
    for (let at = x; at < end; at += 2 * VECTOR) {
      const low = f32x4.nearest(f32x4.mul(v128.load(at), factor));
      const high = f32x4.nearest(f32x4.mul(v128.load(at, VECTOR), factor));
      v128.store(digits, i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(low), i32x4.trunc_sat_f32x4_s(high)));
      digits += VECTOR;
    }
    x += xStride;
    to += stride;
  }
}

/** `outputs[r] = inputs[r] W`, the outputs of panels `from` to `to` of each of `rows` rounded rows. */
export function multiplyBytes(
  x: usize,
  xStride: usize,
  rows: usize,
  inputs: usize,
  block: usize,
  weights: usize,
  scales: usize,
  outputs: usize,
  stride: usize,
  from: usize,
  to: usize,
): void {
  const heads = (inputs / block) * VECTOR;
  for (let group = from * GROUPS; group < to * GROUPS; group++) {
    for (let r: usize = 0; r < rows; r++) {
      const row = x + r * xStride;
      let w = weights + group * 4 * inputs;
      let digits = row + VECTOR;
      let total = f32x4.splat(0);
      for (let s = scales + group * heads, last = s + heads; s < last; s += VECTOR) {
        let c0 = i32x4.splat(0);
        let c1 = c0;
        let c2 = c0;
        let c3 = c0;
        for (const end = digits + 2 * block; digits < end; digits += 2 * VECTOR) {
          const low = v128.load(digits);
          const high = v128.load(digits, VECTOR);
          c0 = addBytes(c0, low, high, w);
          c1 = addBytes(c1, low, high, w + VECTOR);
          c2 = addBytes(c2, low, high, w + 2 * VECTOR);
          c3 = addBytes(c3, low, high, w + 3 * VECTOR);
          w += 4 * VECTOR;
        }
        total = madd(total, f32x4.convert_i32x4_s(addLanes(c0, c1, c2, c3)), v128.load(s));
      }
      v128.store(outputs + r * stride + group * VECTOR, f32x4.mul(total, v128.load32_splat(row)));
    }
  }
}

/** 16 weights of one output, at `w`. */
// @inline
function addBytes(sum: v128, low: v128, high: v128, w: usize): v128 {
  const first = i32x4.dot_i16x8_s(low, v128.load8x8_s(w));
  const second = i32x4.dot_i16x8_s(high, v128.load8x8_s(w, 8));
  return i32x4.add(i32x4.add(sum, first), second);
}

/** Four sums, each of the lanes of a vector. */
// @inline
function addLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return i32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3));
}

/** Lays numbers of 8 bits, `[output][input]`, each 128 too large, out in groups. What fills up the last panel is left alone. */
export function layBytes(from: usize, to: usize, inputs: usize, outputs: usize): void {
  for (let o: usize = 0; o < outputs; o++) {
    let at = to + (o / 4) * 4 * inputs + (o % 4) * VECTOR;
    for (const end = from + inputs; from < end; from += VECTOR) {
      v128.store(at, v128.xor(v128.load(from), i8x16.splat(-128)));
      at += 4 * VECTOR;
    }
  }
}

/** Lays scales, `[output][block]`, out in groups of `size` outputs. */
export function layScales(from: usize, to: usize, blocks: usize, outputs: usize, size: usize): void {
  for (let o: usize = 0; o < outputs; o++) {
    const group = to + 4 * ((o / size) * blocks * size + (o % size));
    for (let b: usize = 0; b < blocks; b++) {
      store<u32>(group + 4 * size * b, load<u32>(from));
      from += 4;
    }
  }
}
