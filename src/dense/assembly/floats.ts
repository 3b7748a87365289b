/**
 * Products with float32 weights. These lie by eight outputs, `[outputs / 8][input][8]`. A panel is four such strips, 32 outputs:
 * for one row they are read side by side, which is faster than one after the other. The last panel is filled up with
 * zeros, and rows of outputs have room for it. So is an odd number of inputs.
 *
 * An output is a sum over inputs in their order: the same bits, however many rows there are.
 *
 * How V8 uses registers depends on how a function is cut. `multiplyRow` and `multiplyFourRows`, each alone, with nothing after its
 * loop but stores, keep their sums in them; so they are exported, or the compiler would make them part of their caller.
 */
import { madd } from '../../webassembly/assembly/fused';
import { multiplyFourRows } from '../../webassembly/assembly/strip';

const VECTOR: usize = 16;
/** Bytes of one input's weights in a strip, and of its outputs. */
const STRIP: usize = 32;
/** Bytes of a panel's outputs. */
const PANEL: usize = 128;

/** `outputs[r] = inputs[r] W`, the outputs of panels `from` to `to` of each of `rows` rows of an even number of inputs. */
export function multiplyFloats(
  x: usize,
  xStride: usize,
  rows: usize,
  inputs: usize,
  weights: usize,
  outputs: usize,
  stride: usize,
  from: usize,
  to: usize,
): void {
  const size = inputs * STRIP;
  const several = rows - (rows % 4);
  for (let panel = from; panel < to; panel++) {
    const w = weights + 4 * panel * size;
    const o = outputs + panel * PANEL;
    for (let strip: usize = 0; strip < 4 && several > 0; strip++) {
      for (let r: usize = 0; r < several; r += 4) {
        multiplyFourRows(
          x + r * xStride,
          xStride,
          inputs,
          w + strip * size,
          o + strip * STRIP + r * stride,
          stride,
        );
      }
    }
    for (let r = several; r < rows; r++) multiplyRow(x + r * xStride, inputs, w, o + r * stride);
  }
}

/**
 * A panel of one row: eight sums side by side, so that none waits for its own last product. Two inputs a turn: what V8 does
 * between turns takes as long as the products of one.
 */
export function multiplyRow(x: usize, inputs: usize, w0: usize, o: usize): void {
  let a0 = f32x4.splat(0);
  let b0 = a0;
  let a1 = a0;
  let b1 = a0;
  let a2 = a0;
  let b2 = a0;
  let a3 = a0;
  let b3 = a0;
  const size = inputs * STRIP;
  let w1 = w0 + size;
  let w2 = w1 + size;
  let w3 = w2 + size;
  for (const end = x + 4 * inputs; x < end; x += 8) {
    let value = v128.load32_splat(x);
    a0 = madd(a0, value, v128.load(w0));
    b0 = madd(b0, value, v128.load(w0, VECTOR));
    a1 = madd(a1, value, v128.load(w1));
    b1 = madd(b1, value, v128.load(w1, VECTOR));
    a2 = madd(a2, value, v128.load(w2));
    b2 = madd(b2, value, v128.load(w2, VECTOR));
    a3 = madd(a3, value, v128.load(w3));
    b3 = madd(b3, value, v128.load(w3, VECTOR));
    value = v128.load32_splat(x, 4);
    a0 = madd(a0, value, v128.load(w0, STRIP));
    b0 = madd(b0, value, v128.load(w0, STRIP + VECTOR));
    a1 = madd(a1, value, v128.load(w1, STRIP));
    b1 = madd(b1, value, v128.load(w1, STRIP + VECTOR));
    a2 = madd(a2, value, v128.load(w2, STRIP));
    b2 = madd(b2, value, v128.load(w2, STRIP + VECTOR));
    a3 = madd(a3, value, v128.load(w3, STRIP));
    b3 = madd(b3, value, v128.load(w3, STRIP + VECTOR));
    w0 += 2 * STRIP;
    w1 += 2 * STRIP;
    w2 += 2 * STRIP;
    w3 += 2 * STRIP;
  }
  v128.store(o, a0);
  v128.store(o, b0, VECTOR);
  v128.store(o, a1, STRIP);
  v128.store(o, b1, STRIP + VECTOR);
  v128.store(o, a2, 2 * STRIP);
  v128.store(o, b2, 2 * STRIP + VECTOR);
  v128.store(o, a3, 3 * STRIP);
  v128.store(o, b3, 3 * STRIP + VECTOR);
}

/** Lays a matrix `[input][output]` out in strips, whole panels of them, an even number of inputs. */
export function layColumns(from: usize, to: usize, inputs: usize, outputs: usize): void {
  const end = (outputs + 31) & ~31;
  for (let begin: usize = 0; begin < end; begin += 8) {
    const count = begin < outputs ? min<usize>(8, outputs - begin) : 0;
    for (let k: usize = 0; k < inputs; k++) {
      const at = from + 4 * (k * outputs + begin);
      for (let o: usize = 0; o < 8; o++) store<f32>(to + 4 * o, o < count ? load<f32>(at + 4 * o) : 0);
      to += STRIP;
    }
    if (inputs & 1) {
      memory.fill(to, 0, STRIP);
      to += STRIP;
    }
  }
}

/** Lays a matrix `[output][input]` out in strips, likewise. */
export function layRows(from: usize, to: usize, inputs: usize, outputs: usize): void {
  const end = (outputs + 31) & ~31;
  for (let begin: usize = 0; begin < end; begin += 8) {
    const count = begin < outputs ? min<usize>(8, outputs - begin) : 0;
    for (let k: usize = 0; k < inputs; k++) {
      const at = from + 4 * (begin * inputs + k);
      for (let o: usize = 0; o < 8; o++) {
        store<f32>(to + 4 * o, o < count ? load<f32>(at + 4 * o * inputs) : 0);
      }
      to += STRIP;
    }
    if (inputs & 1) {
      memory.fill(to, 0, STRIP);
      to += STRIP;
    }
  }
}
