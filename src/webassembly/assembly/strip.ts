import { madd } from './fused';

const VECTOR: usize = 16;
/** Bytes of one input's weights. */
const STRIP: usize = 32;

/**
 * Four rows of `inputs` float32 values times a strip of weights, `[input][8]`: eight outputs of each. The eight sums, with two
 * vectors of weights and an input, fit the registers. A sum is over inputs in their order: the same bits, whatever other rows
 * there are. Rows are `xStride` bytes apart, their outputs `stride`.
 */
export function multiplyFourRows(
  x: usize,
  xStride: usize,
  inputs: usize,
  w: usize,
  o: usize,
  stride: usize,
): void {
  let a0 = f32x4.splat(0);
  let b0 = a0;
  let a1 = a0;
  let b1 = a0;
  let a2 = a0;
  let b2 = a0;
  let a3 = a0;
  let b3 = a0;
  for (const end = x + 4 * inputs; x < end; x += 4) {
    const a = v128.load(w);
    const b = v128.load(w, VECTOR);
    let value = v128.load32_splat(x);
    a0 = madd(a0, value, a);
    b0 = madd(b0, value, b);
    value = v128.load32_splat(x + xStride);
    a1 = madd(a1, value, a);
    b1 = madd(b1, value, b);
    value = v128.load32_splat(x + 2 * xStride);
    a2 = madd(a2, value, a);
    b2 = madd(b2, value, b);
    value = v128.load32_splat(x + 3 * xStride);
    a3 = madd(a3, value, a);
    b3 = madd(b3, value, b);
    w += STRIP;
  }
  v128.store(o, a0);
  v128.store(o, b0, VECTOR);
  o += stride;
  v128.store(o, a1);
  v128.store(o, b1, VECTOR);
  o += stride;
  v128.store(o, a2);
  v128.store(o, b2, VECTOR);
  o += stride;
  v128.store(o, a3);
  v128.store(o, b3, VECTOR);
}
