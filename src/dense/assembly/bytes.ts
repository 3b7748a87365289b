/**
 * Products with weights of 8 bits, of rows rounded to 16 bits (rounding.ts), as sums of integers.
 *
 * Weights are whole numbers of 8 bits times a scale per block of inputs. Four outputs lie together, so that a sum has one lane for
 * each: `[outputs / 4][inputs / 2][4][2]`. Scales are `[outputs / 4][block][4]`. A panel is 32 outputs; what fills the last one up
 * has scale 0.
 *
 * The outputs of a product are cut into quarters, which are read side by side: a processor fetches ahead in each of the four
 * streams, and from memory that takes half as long as one stream from end to end.
 */
import { madd } from '../../webassembly/assembly/fused';
import { DIGITS } from './rounding';

const VECTOR: usize = 16;
/** Groups of four outputs in a quarter of a panel. */
const QUARTER: usize = 2;

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
  const size = 4 * inputs;
  const heads = (inputs / block) * VECTOR;
  const quarter = (to - from) * QUARTER;
  const apart = quarter * size;
  const headsApart = quarter * heads;
  const outputsApart = quarter * VECTOR;
  const first = 4 * from * QUARTER;
  for (let group = first; group < first + quarter; group++) {
    for (let r: usize = 0; r < rows; r++) {
      const row = x + r * xStride;
      let digits = row + DIGITS;
      let w0 = weights + group * size;
      let w1 = w0 + apart;
      let w2 = w1 + apart;
      let w3 = w2 + apart;
      let t0 = f32x4.splat(0);
      let t1 = t0;
      let t2 = t0;
      let t3 = t0;
      for (let s = scales + group * heads, last = s + heads; s < last; s += VECTOR) {
        let c0 = i32x4.splat(0);
        let c1 = c0;
        let c2 = c0;
        let c3 = c0;
        for (const end = digits + 2 * block; digits < end; digits += 8) {
          const low = v128.load32_splat(digits);
          const high = v128.load32_splat(digits, 4);
          c0 = addFour(c0, low, high, w0);
          c1 = addFour(c1, low, high, w1);
          c2 = addFour(c2, low, high, w2);
          c3 = addFour(c3, low, high, w3);
          w0 += VECTOR;
          w1 += VECTOR;
          w2 += VECTOR;
          w3 += VECTOR;
        }
        t0 = madd(t0, f32x4.convert_i32x4_s(c0), v128.load(s));
        t1 = madd(t1, f32x4.convert_i32x4_s(c1), v128.load(s + headsApart));
        t2 = madd(t2, f32x4.convert_i32x4_s(c2), v128.load(s + 2 * headsApart));
        t3 = madd(t3, f32x4.convert_i32x4_s(c3), v128.load(s + 3 * headsApart));
      }
      const scale = v128.load32_splat(row);
      const at = outputs + r * stride + group * VECTOR;
      v128.store(at, f32x4.mul(t0, scale));
      v128.store(at + outputsApart, f32x4.mul(t1, scale));
      v128.store(at + 2 * outputsApart, f32x4.mul(t2, scale));
      v128.store(at + 3 * outputsApart, f32x4.mul(t3, scale));
    }
  }
}

/** `sum` and four inputs of four outputs, the inputs in pairs. */
// @inline
function addFour(sum: v128, low: v128, high: v128, w: usize): v128 {
  const first = i32x4.dot_i16x8_s(low, v128.load8x8_s(w));
  const second = i32x4.dot_i16x8_s(high, v128.load8x8_s(w, 8));
  return i32x4.add(i32x4.add(sum, first), second);
}

/** Lays numbers of 8 bits, `[output][input]`, each 128 too large, out in groups. What fills up the last panel is left alone. */
export function layBytes(from: usize, to: usize, inputs: usize, outputs: usize): void {
  for (let o: usize = 0; o < outputs; o++) {
    let at = to + (o / 4) * 4 * inputs + (o % 4) * 2;
    for (const end = from + inputs; from < end; from += 2) {
      store<u16>(at, load<u16>(from) ^ 0x8080);
      at += 8;
    }
  }
}

/** Lays scales, `[output][block]`, out in groups. */
export function layScales(from: usize, to: usize, blocks: usize, outputs: usize): void {
  for (let o: usize = 0; o < outputs; o++) {
    const group = to + (o / 4) * blocks * VECTOR + (o % 4) * 4;
    for (let b: usize = 0; b < blocks; b++) {
      store<u32>(group + b * VECTOR, load<u32>(from));
      from += 4;
    }
  }
}
