/**
 * Filters that are sums of exponentials, `rho[d] = sum over n of Re(R[n] p[n]^d)`, as recurrences, a block of positions at a time.
 *
 * All inputs before a block are in one state per mode, `T = sum over i < b of p^(b - 1 - i) y[i]`, b being where the block begins,
 * from which the block's outputs get `Re(Q p^r T)`, Q = R p, r = 0, 1, ... So a mode's state and coefficients come from memory once
 * a block, not once a position, and stay in registers in between. Products of pairs within a block are for direct tiles.
 *
 * Positions are taken in pairs: two inputs enter a state times p^2, and of its two outputs the second is a product that is added in
 * one instruction. That is fewer operations than one by one, and each waits for fewer others.
 *
 * The state is in float64, advanced by the block's power of the pole: rounding errors would pile up over the memory of slow
 * modes, and so would the error of a rounded power. A few squares of p cost less than a power that comes from memory.
 */
import { madd, msub } from '../../../webassembly/assembly/fused';
import { LINE, VECTOR } from './layout';

/** Bytes of one mode's coefficients, p and Q; twice that where they are complex. */
const REAL: usize = 2 * LINE;
const COMPLEX: usize = 4 * LINE;
/** Bytes of one mode's state. */
const REAL_STATE: usize = 2 * LINE;
const COMPLEX_STATE: usize = 4 * LINE;

/**
 * Takes `rows` inputs, a whole block, a power of two from 2 on, into the state of each mode, and adds what the state
 * contributes to the `count` outputs that follow. For `groups` channel groups: lines are `stride` bytes apart, states and
 * coefficients one after the other.
 *
 * A group's coefficients are `[mode]` of lines p, Q, its state `[mode]` of two lines of float64; for
 * complex modes real parts of each come first, then imaginary ones. `modes` is a multiple of 4, or of 2 if complex.
 */
export function modalTile(
  inputs: usize,
  outputs: usize,
  stride: usize,
  groups: u32,
  rows: u32,
  count: u32,
  state: usize,
  coefficients: usize,
  modes: u32,
  complex: bool,
): void {
  for (; groups > 0; groups--) {
    if (complex) {
      for (let left = modes; left > 0; left -= 2) {
        for (let v: usize = 0; v < LINE; v += VECTOR) {
          twoComplex(inputs + v, outputs + v, rows, count, state + 2 * v, coefficients + v);
        }
        state += 2 * COMPLEX_STATE;
        coefficients += 2 * COMPLEX;
      }
    } else {
      for (let left = modes; left > 0; left -= 4) {
        for (let v: usize = 0; v < LINE; v += VECTOR) {
          fourReal(inputs + v, outputs + v, rows, count, state + 2 * v, coefficients + v);
        }
        state += 4 * REAL_STATE;
        coefficients += 4 * REAL;
      }
    }
    inputs += stride;
    outputs += stride;
  }
}

/** Four real modes in four channels. */
function fourReal(
  inputs: usize,
  outputs: usize,
  rows: u32,
  count: u32,
  state: usize,
  coefficients: usize,
): void {
  const p0 = v128.load(coefficients);
  const p1 = v128.load(coefficients + REAL);
  const p2 = v128.load(coefficients + 2 * REAL);
  const p3 = v128.load(coefficients + 3 * REAL);
  const q0 = f32x4.mul(p0, p0);
  const q1 = f32x4.mul(p1, p1);
  const q2 = f32x4.mul(p2, p2);
  const q3 = f32x4.mul(p3, p3);
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  for (let k = rows; k > 0; k -= 2) {
    const y = v128.load(inputs);
    const next = v128.load(inputs, 64);
    c0 = madd(madd(next, y, p0), c0, q0);
    c1 = madd(madd(next, y, p1), c1, q1);
    c2 = madd(madd(next, y, p2), c2, q2);
    c3 = madd(madd(next, y, p3), c3, q3);
    inputs += 2 * LINE;
  }
  c0 = f32x4.mul(advance(state, p0, rows, c0), v128.load(coefficients, 64));
  c1 = f32x4.mul(advance(state + REAL_STATE, p1, rows, c1), v128.load(coefficients + REAL, 64));
  c2 = f32x4.mul(advance(state + 2 * REAL_STATE, p2, rows, c2), v128.load(coefficients + 2 * REAL, 64));
  c3 = f32x4.mul(advance(state + 3 * REAL_STATE, p3, rows, c3), v128.load(coefficients + 3 * REAL, 64));
  for (; count > 1; count -= 2) {
    const sum = f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3));
    v128.store(outputs, f32x4.add(v128.load(outputs), sum));
    let next = madd(v128.load(outputs, 64), c0, p0);
    c0 = f32x4.mul(c0, q0);
    next = madd(next, c1, p1);
    c1 = f32x4.mul(c1, q1);
    next = madd(next, c2, p2);
    c2 = f32x4.mul(c2, q2);
    v128.store(outputs, madd(next, c3, p3), 64);
    c3 = f32x4.mul(c3, q3);
    outputs += 2 * LINE;
  }
  if (count > 0) {
    const sum = f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3));
    v128.store(outputs, f32x4.add(v128.load(outputs), sum));
  }
}

/** `state = state p^rows + c` of four channels; returns the new state in float32. */
// @inline
function advance(state: usize, p: v128, rows: u32, c: v128): v128 {
  let low = f64x2.promote_low_f32x4(p);
  let high = f64x2.promote_low_f32x4(upper(p));
  for (let n = rows; n > 1; n >>= 1) {
    low = f64x2.mul(low, low);
    high = f64x2.mul(high, high);
  }
  low = f64x2.add(f64x2.mul(v128.load(state), low), f64x2.promote_low_f32x4(c));
  high = f64x2.add(f64x2.mul(v128.load(state, 16), high), f64x2.promote_low_f32x4(upper(c)));
  v128.store(state, low);
  v128.store(state, high, 16);
  return narrow(low, high);
}

/** The upper two of four channels. */
// @inline
function upper(c: v128): v128 {
  return v128.shuffle<f32>(c, c, 2, 3, 2, 3);
}

// @inline
function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** Two complex modes in four channels. */
function twoComplex(
  inputs: usize,
  outputs: usize,
  rows: u32,
  count: u32,
  state: usize,
  coefficients: usize,
): void {
  const other = coefficients + COMPLEX;
  const pr = v128.load(coefficients, 0);
  const pi = v128.load(coefficients, 64);
  const qr = v128.load(other, 0);
  const qi = v128.load(other, 64);
  // Squares of both.
  const ppr = msub(f32x4.mul(pr, pr), pi, pi);
  const ppi = f32x4.mul(f32x4.add(pr, pr), pi);
  const qqr = msub(f32x4.mul(qr, qr), qi, qi);
  const qqi = f32x4.mul(f32x4.add(qr, qr), qi);
  let cr = f32x4.splat(0);
  let ci = cr;
  let dr = cr;
  let di = cr;
  for (let k = rows; k > 0; k -= 2) {
    const y = v128.load(inputs);
    const next = v128.load(inputs, 64);
    const r = msub(madd(madd(next, y, pr), cr, ppr), ci, ppi);
    ci = madd(madd(f32x4.mul(y, pi), ci, ppr), cr, ppi);
    cr = r;
    const s = msub(madd(madd(next, y, qr), dr, qqr), di, qqi);
    di = madd(madd(f32x4.mul(y, qi), di, qqr), dr, qqi);
    dr = s;
    inputs += 2 * LINE;
  }
  turn(state, pr, pi, rows, cr, ci);
  turn(state + COMPLEX_STATE, qr, qi, rows, dr, di);
  let tr = narrow(v128.load(state), v128.load(state, 16));
  let ti = narrow(v128.load(state, 128), v128.load(state, 144));
  let hr = v128.load(coefficients, 128);
  let hi = v128.load(coefficients, 192);
  cr = msub(f32x4.mul(tr, hr), ti, hi);
  ci = madd(f32x4.mul(tr, hi), ti, hr);
  tr = narrow(v128.load(state + COMPLEX_STATE), v128.load(state + COMPLEX_STATE, 16));
  ti = narrow(v128.load(state + COMPLEX_STATE, 128), v128.load(state + COMPLEX_STATE, 144));
  hr = v128.load(other, 128);
  hi = v128.load(other, 192);
  dr = msub(f32x4.mul(tr, hr), ti, hi);
  di = madd(f32x4.mul(tr, hi), ti, hr);
  for (; count > 1; count -= 2) {
    v128.store(outputs, f32x4.add(v128.load(outputs), f32x4.add(cr, dr)));
    let next = msub(madd(v128.load(outputs, 64), cr, pr), ci, pi);
    const r = msub(f32x4.mul(cr, ppr), ci, ppi);
    ci = madd(f32x4.mul(ci, ppr), cr, ppi);
    cr = r;
    next = msub(madd(next, dr, qr), di, qi);
    v128.store(outputs, next, 64);
    const s = msub(f32x4.mul(dr, qqr), di, qqi);
    di = madd(f32x4.mul(di, qqr), dr, qqi);
    dr = s;
    outputs += 2 * LINE;
  }
  if (count > 0) v128.store(outputs, f32x4.add(v128.load(outputs), f32x4.add(cr, dr)));
}

/** `state = state p^rows + c`, complex, of four channels. */
// @inline
function turn(state: usize, pr: v128, pi: v128, rows: u32, cr: v128, ci: v128): void {
  turnTwo(state, pr, pi, rows, cr, ci);
  turnTwo(state + 16, upper(pr), upper(pi), rows, upper(cr), upper(ci));
}

/** Of the lower two channels. */
// @inline
function turnTwo(state: usize, pr: v128, pi: v128, rows: u32, cr: v128, ci: v128): void {
  let r = f64x2.promote_low_f32x4(pr);
  let i = f64x2.promote_low_f32x4(pi);
  for (let n = rows; n > 1; n >>= 1) {
    const square = f64x2.sub(f64x2.mul(r, r), f64x2.mul(i, i));
    i = f64x2.mul(f64x2.add(r, r), i);
    r = square;
  }
  const sr = v128.load(state);
  const si = v128.load(state, 128);
  const tr = f64x2.sub(f64x2.mul(sr, r), f64x2.mul(si, i));
  const ti = f64x2.add(f64x2.mul(sr, i), f64x2.mul(si, r));
  v128.store(state, f64x2.add(f64x2.promote_low_f32x4(cr), tr));
  v128.store(state, f64x2.add(f64x2.promote_low_f32x4(ci), ti), 128);
}
