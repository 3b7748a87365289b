/**
 * The middle of a fan-out tile: spectral products of several children with the filter, summed, and the inverse
 * transform of the sum.
 *
 * The products stream memory: 4 vectors read for 8 vector operations. So the sums of 4 points at a time stay in
 * registers over all children, and go through the innermost step of the inverse transform before they are stored.
 *
 * Spectra of successive children are `size` bytes apart, not a power of two: the streams, read side by side, would
 * otherwise compete for the same few cache sets.
 */
import { transform2 } from './base';
import { IMAGINARY, POINT, VECTOR } from './layout';
import { inversePass } from './passes';

/**
 * `block = inverse(sum over q < count of inputs[q] * filter[-q])` for n points of longer spectra; `filter` is the one
 * for the oldest child. Depth first, as in `convolveBlock`.
 */
export function convolveSum(
  block: usize,
  n: usize,
  inputs: usize,
  filter: usize,
  size: usize,
  count: usize,
  tables: usize,
): void {
  if (n == 16) {
    for (let k: usize = 0; k < 16 * POINT; k += 4 * POINT)
      sum4(block + k, inputs + k, filter + k, size, count);
    inversePass(block, 4, tables);
  } else if (n == 8) {
    for (let k: usize = 0; k < 8 * POINT; k += 4 * POINT)
      sum2x2(block + k, inputs + k, filter + k, size, count);
    inversePass(block, 2, tables);
  } else if (n == 4) sum4(block, inputs, filter, size, count);
  else if (n == 2) {
    sum1(block, inputs, filter, size, count);
    sum1(block + POINT, inputs + POINT, filter + POINT, size, count);
    transform2(block);
  } else if (n == 1) sum1(block, inputs, filter, size, count);
  else {
    const q = n >> 2;
    const quarter = q * POINT;
    for (let k: usize = 0; k < 4; k++) {
      const part = k * quarter;
      convolveSum(block + part, q, inputs + part, filter + part, size, count, tables);
    }
    inversePass(block, q, tables);
  }
}

/** The sums of 4 points, and their inverse transform. */
function sum4(block: usize, inputs: usize, filter: usize, size: usize, count: usize): void {
  for (let v: usize = 0; v < IMAGINARY; v += VECTOR) {
    let x = inputs + v;
    let h = filter + v;
    let r0 = f32x4.splat(0);
    let i0 = r0;
    let r1 = r0;
    let i1 = r0;
    let r2 = r0;
    let i2 = r0;
    let r3 = r0;
    let i3 = r0;
    let xr: v128, xi: v128, hr: v128, hi: v128;
    for (let q = count; q > 0; q--) {
      xr = v128.load(x, 0);
      xi = v128.load(x, 32);
      hr = v128.load(h, 0);
      hi = v128.load(h, 32);
      r0 = f32x4.sub(f32x4.add(r0, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      i0 = f32x4.add(f32x4.add(i0, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      xr = v128.load(x, 64);
      xi = v128.load(x, 96);
      hr = v128.load(h, 64);
      hi = v128.load(h, 96);
      r1 = f32x4.sub(f32x4.add(r1, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      i1 = f32x4.add(f32x4.add(i1, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      xr = v128.load(x, 128);
      xi = v128.load(x, 160);
      hr = v128.load(h, 128);
      hi = v128.load(h, 160);
      r2 = f32x4.sub(f32x4.add(r2, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      i2 = f32x4.add(f32x4.add(i2, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      xr = v128.load(x, 192);
      xi = v128.load(x, 224);
      hr = v128.load(h, 192);
      hi = v128.load(h, 224);
      r3 = f32x4.sub(f32x4.add(r3, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      i3 = f32x4.add(f32x4.add(i3, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      x += size;
      h -= size;
    }
    const p = block + v;
    const ar = f32x4.add(r0, r2);
    const ai = f32x4.add(i0, i2);
    const br = f32x4.sub(r0, r2);
    const bi = f32x4.sub(i0, i2);
    const cr = f32x4.add(r1, r3);
    const ci = f32x4.add(i1, i3);
    const er = f32x4.sub(r1, r3);
    const ei = f32x4.sub(i1, i3);
    v128.store(p, f32x4.add(ar, cr), 0);
    v128.store(p, f32x4.add(ai, ci), 32);
    v128.store(p, f32x4.sub(br, ei), 64); // b + i e
    v128.store(p, f32x4.add(bi, er), 96);
    v128.store(p, f32x4.sub(ar, cr), 128);
    v128.store(p, f32x4.sub(ai, ci), 160);
    v128.store(p, f32x4.add(br, ei), 192); // b - i e
    v128.store(p, f32x4.sub(bi, er), 224);
  }
}

/** The sums of 4 points, and the inverse transforms of the two pairs. */
function sum2x2(block: usize, inputs: usize, filter: usize, size: usize, count: usize): void {
  for (let v: usize = 0; v < IMAGINARY; v += VECTOR) {
    let x = inputs + v;
    let h = filter + v;
    let r0 = f32x4.splat(0);
    let i0 = r0;
    let r1 = r0;
    let i1 = r0;
    let r2 = r0;
    let i2 = r0;
    let r3 = r0;
    let i3 = r0;
    let xr: v128, xi: v128, hr: v128, hi: v128;
    for (let q = count; q > 0; q--) {
      xr = v128.load(x, 0);
      xi = v128.load(x, 32);
      hr = v128.load(h, 0);
      hi = v128.load(h, 32);
      r0 = f32x4.sub(f32x4.add(r0, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      i0 = f32x4.add(f32x4.add(i0, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      xr = v128.load(x, 64);
      xi = v128.load(x, 96);
      hr = v128.load(h, 64);
      hi = v128.load(h, 96);
      r1 = f32x4.sub(f32x4.add(r1, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      i1 = f32x4.add(f32x4.add(i1, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      xr = v128.load(x, 128);
      xi = v128.load(x, 160);
      hr = v128.load(h, 128);
      hi = v128.load(h, 160);
      r2 = f32x4.sub(f32x4.add(r2, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      i2 = f32x4.add(f32x4.add(i2, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      xr = v128.load(x, 192);
      xi = v128.load(x, 224);
      hr = v128.load(h, 192);
      hi = v128.load(h, 224);
      r3 = f32x4.sub(f32x4.add(r3, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      i3 = f32x4.add(f32x4.add(i3, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      x += size;
      h -= size;
    }
    const p = block + v;
    v128.store(p, f32x4.add(r0, r1), 0);
    v128.store(p, f32x4.sub(r0, r1), 64);
    v128.store(p, f32x4.add(i0, i1), 32);
    v128.store(p, f32x4.sub(i0, i1), 96);
    v128.store(p, f32x4.add(r2, r3), 128);
    v128.store(p, f32x4.sub(r2, r3), 192);
    v128.store(p, f32x4.add(i2, i3), 160);
    v128.store(p, f32x4.sub(i2, i3), 224);
  }
}

/** The sum of one point. */
function sum1(block: usize, inputs: usize, filter: usize, size: usize, count: usize): void {
  for (let v: usize = 0; v < IMAGINARY; v += VECTOR) {
    let x = inputs + v;
    let h = filter + v;
    let re = f32x4.splat(0);
    let im = re;
    for (let q = count; q > 0; q--) {
      const xr = v128.load(x);
      const xi = v128.load(x, IMAGINARY);
      const hr = v128.load(h);
      const hi = v128.load(h, IMAGINARY);
      re = f32x4.sub(f32x4.add(re, f32x4.mul(xr, hr)), f32x4.mul(xi, hi));
      im = f32x4.add(f32x4.add(im, f32x4.mul(xr, hi)), f32x4.mul(xi, hr));
      x += size;
      h -= size;
    }
    v128.store(block + v, re);
    v128.store(block + v, im, IMAGINARY);
  }
}
