/**
 * What is computed channel by channel between two products, over `rows` rows of `count` channels. Rows have room for a whole number
 * of vectors, and what is behind their channels may be written over. Weights are one row for all.
 */
import { exponential } from '../../webassembly/assembly/exponential';
import { madd } from '../../webassembly/assembly/fused';

const VECTOR: usize = 16;

/** `x += branch + bias`. */
export function addBranch(
  x: usize,
  xStride: usize,
  branch: usize,
  stride: usize,
  bias: usize,
  rows: usize,
  count: usize,
): void {
  for (let r: usize = 0; r < rows; r++) {
    for (let o: usize = 0; o < 4 * count; o += VECTOR) {
      const sum = f32x4.add(v128.load(x + o), v128.load(branch + o));
      v128.store(x + o, f32x4.add(sum, v128.load(bias + o)));
    }
    x += xStride;
    branch += stride;
  }
}

/** `to = (x - mean) / sqrt(variance + epsilon) weight + offset`. */
export function normalise(
  x: usize,
  xStride: usize,
  weight: usize,
  offset: usize,
  epsilon: f32,
  rows: usize,
  count: usize,
  to: usize,
  stride: usize,
): void {
  const whole: usize = 4 * (count - (count % 4));
  for (let r: usize = 0; r < rows; r++) {
    let total = f32x4.splat(0);
    for (let o: usize = 0; o < whole; o += VECTOR) total = f32x4.add(total, v128.load(x + o));
    let sum = lanes(total);
    for (let o = whole; o < 4 * count; o += 4) sum += load<f32>(x + o);
    const mean = sum / f32(count);
    const middle = f32x4.splat(mean);
    let squares = f32x4.splat(0);
    for (let o: usize = 0; o < whole; o += VECTOR) {
      const off = f32x4.sub(v128.load(x + o), middle);
      squares = madd(squares, off, off);
    }
    let square = lanes(squares);
    for (let o = whole; o < 4 * count; o += 4) {
      const off = load<f32>(x + o) - mean;
      square += off * off;
    }
    // Where squares overflow, the difference is no number, and nothing that follows is.
    const overflow = square - square;
    const factor = f32x4.splat(1 / sqrt(square / f32(count) + epsilon) + overflow);
    for (let o: usize = 0; o < 4 * count; o += VECTOR) {
      const off = f32x4.mul(f32x4.sub(v128.load(x + o), middle), factor);
      v128.store(to + o, madd(v128.load(offset + o), off, v128.load(weight + o)));
    }
    x += xStride;
    to += stride;
  }
}

// @inline
function lanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/**
 * A convolution of three taps: `x += bias` becomes `newest`, and then `x = x now + (older past2 + newer past1 + shortBias)`. The
 * five weights follow each other, `weightStride` bytes apart: bias, past2, past1, shortBias, now.
 */
export function convolveShort(
  x: usize,
  stride: usize,
  weights: usize,
  weightStride: usize,
  older: usize,
  newer: usize,
  newest: usize,
  rows: usize,
  count: usize,
): void {
  for (let r: usize = 0; r < rows; r++) {
    for (let o: usize = 0; o < 4 * count; o += VECTOR) {
      let w = weights + o;
      const now = f32x4.add(v128.load(x + o), v128.load(w));
      v128.store(newest + o, now);
      w += weightStride;
      let past = f32x4.mul(v128.load(older + o), v128.load(w));
      w += weightStride;
      past = madd(past, v128.load(newer + o), v128.load(w));
      w += weightStride;
      past = f32x4.add(past, v128.load(w));
      w += weightStride;
      v128.store(x + o, madd(past, now, v128.load(w)));
    }
    x += stride;
    older += stride;
    newer += stride;
    newest += stride;
  }
}

/** A long convolution: `y = z gate` goes in, and `z = pending + y rho0` is what comes out. Nothing behind `z` is written over. */
export function convolveLong(
  z: usize,
  gate: usize,
  stride: usize,
  rho0: usize,
  pending: usize,
  y: usize,
  yStride: usize,
  rows: usize,
  count: usize,
): void {
  const whole: usize = 4 * (count - (count % 4));
  for (let r: usize = 0; r < rows; r++) {
    for (let o: usize = 0; o < whole; o += VECTOR) {
      const input = f32x4.mul(v128.load(z + o), v128.load(gate + o));
      v128.store(y + o, input);
      v128.store(z + o, madd(v128.load(pending + o), input, v128.load(rho0 + o)));
    }
    for (let o = whole; o < 4 * count; o += 4) {
      const input = load<f32>(z + o) * load<f32>(gate + o);
      store<f32>(y + o, input);
      store<f32>(z + o, load<f32>(pending + o) + input * load<f32>(rho0 + o));
    }
    z += stride;
    gate += stride;
    pending += yStride;
    y += yStride;
  }
}

/** `to = a b`. */
export function multiply(
  a: usize,
  b: usize,
  stride: usize,
  to: usize,
  toStride: usize,
  rows: usize,
  count: usize,
): void {
  for (let r: usize = 0; r < rows; r++) {
    for (let o: usize = 0; o < 4 * count; o += VECTOR) {
      v128.store(to + o, f32x4.mul(v128.load(a + o), v128.load(b + o)));
    }
    a += stride;
    b += stride;
    to += toStride;
  }
}

/** `x = gelu(x + bias)` in its tanh form: `v sigmoid(2 sqrt(2 / pi) (v + 0.044715 v^3))`. */
export function geluTanh(x: usize, stride: usize, bias: usize, rows: usize, count: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    for (let o: usize = 0; o < 4 * count; o += VECTOR) {
      const v = f32x4.add(v128.load(x + o), v128.load(bias + o));
      const cubic = f32x4.mul(f32x4.mul(v, v), f32x4.splat(0.044715 * 1.5957691216057308));
      const argument = f32x4.mul(v, f32x4.add(cubic, f32x4.splat(1.5957691216057308)));
      v128.store(x + o, f32x4.mul(v, sigmoid(argument)));
    }
    x += stride;
  }
}

/** `x = f(x)`; f by its number: relu, gelu with the error function, silu, sigmoid, tanh. */
export function activate(f: i32, x: usize, stride: usize, rows: usize, count: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    for (let o: usize = 0; o < 4 * count; o += VECTOR) v128.store(x + o, activation(f, v128.load(x + o)));
    x += stride;
  }
}

// @inline
function activation(f: i32, x: v128): v128 {
  if (f === 0) return f32x4.max(x, f32x4.splat(0));
  if (f === 1) return f32x4.mul(x, normal(x));
  if (f === 2) return f32x4.mul(x, sigmoid(x));
  if (f === 3) return sigmoid(x);
  const s = sigmoid(f32x4.add(x, x));
  return f32x4.sub(f32x4.add(s, s), f32x4.splat(1));
}

/** `1 / (1 + exp(-x))`; exp is not asked for more than it can do. */
// @inline
function sigmoid(x: v128): v128 {
  const e = exponential(f32x4.pmin(f32x4.neg(x), f32x4.splat(87)));
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), e));
}

/**
 * The normal distribution, `1 - erfc(x / sqrt(2)) / 2` for x >= 0: erfc as a polynomial in 1 / (1 + p x), times exp(-x^2), after
 * Hastings; off by at most 1.5e-7.
 */
// @inline
function normal(x: v128): v128 {
  const size = f32x4.mul(f32x4.abs(x), f32x4.splat(0.7071067811865476));
  const t = f32x4.div(f32x4.splat(1), madd(f32x4.splat(1), size, f32x4.splat(0.3275911)));
  let p = f32x4.splat(1.061405429);
  p = madd(f32x4.splat(-1.453152027), p, t);
  p = madd(f32x4.splat(1.421413741), p, t);
  p = madd(f32x4.splat(-0.284496736), p, t);
  p = madd(f32x4.splat(0.254829592), p, t);
  const half = f32x4.mul(
    f32x4.mul(f32x4.mul(p, t), exponential(f32x4.neg(f32x4.mul(size, size)))),
    f32x4.splat(0.5),
  );
  const positive = f32x4.sub(f32x4.splat(1), half);
  return v128.bitselect(half, positive, f32x4.lt(x, f32x4.splat(0)));
}
