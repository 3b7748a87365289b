/**
 * The larger steps of the products of a block: from its latest two children for the next two, with 3 complex products instead
 * of 4, and from four for four with 12 instead of 16.
 *
 * Child t needs `sum over q of X[q] H[t - q]`: at every frequency a Toeplitz matrix, whose halves are Toeplitz matrices:
 *
 *     | y0 |   | M  N | | x0 |          y0 = M (x0 + x1) + (N - M) x1
 *     |    | = |      | |    |,   so
 *     | y1 |   | P  M | | x1 |          y1 = M (x0 + x1) + (P - M) x0
 *
 * This is Karatsuba's trick. It pays here, differences of the filter included, as additions go to other units of the
 * processor than products do, and those are what there is most of.
 *
 * All children are transformed: the newest in `block`, which the first target's sum replaces; the others are among the kept
 * spectra from `oldest` on, where the other targets' sums go. `filter` is H[1], H[2], ..., and all are `size` bytes apart.
 */
import { imaginary, minusImaginary, minusReal, real } from '../../../webassembly/assembly/fused';
import { IMAGINARY, step } from './layout';

/**
 * Two for two. `due` is where the first target's sum so far is, unless that is `first`; the other target's is the next. If
 * the newest will be needed again, it is stored in its place.
 */
export function twoForTwo(
  block: usize,
  bytes: usize,
  oldest: usize,
  newest: usize,
  due: usize,
  filter: usize,
  size: usize,
  first: bool,
  keep: bool,
): void {
  const zero = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += step(at)) {
    const x0r = v128.load(oldest + at);
    const x0i = v128.load(oldest + at, IMAGINARY);
    const x1r = v128.load(block + at);
    const x1i = v128.load(block + at, IMAGINARY);
    if (keep) {
      v128.store(newest + at, x1r);
      v128.store(newest + at, x1i, IMAGINARY);
    }
    const n = filter + at;
    const m = n + size;
    const p = m + size;
    const mr = v128.load(m);
    const mi = v128.load(m, IMAGINARY);
    const xr = f32x4.add(x0r, x1r);
    const xi = f32x4.add(x0i, x1i);
    const yr = real(zero, xr, mr, xi, mi);
    const yi = imaginary(zero, xr, mr, xi, mi);
    let hr = f32x4.sub(v128.load(p), mr);
    let hi = f32x4.sub(v128.load(p, IMAGINARY), mi);
    let r = real(yr, x0r, hr, x0i, hi);
    let i = imaginary(yi, x0r, hr, x0i, hi);
    const due0 = due + at;
    const due1 = due0 + size;
    if (!first) {
      r = f32x4.add(r, v128.load(due1));
      i = f32x4.add(i, v128.load(due1, IMAGINARY));
    }
    v128.store(due1, r);
    v128.store(due1, i, IMAGINARY);
    hr = f32x4.sub(v128.load(n), mr);
    hi = f32x4.sub(v128.load(n, IMAGINARY), mi);
    r = real(yr, x1r, hr, x1i, hi);
    i = imaginary(yi, x1r, hr, x1i, hi);
    if (!first) {
      r = f32x4.add(r, v128.load(due0));
      i = f32x4.add(i, v128.load(due0, IMAGINARY));
    }
    v128.store(block + at, r);
    v128.store(block + at, i, IMAGINARY);
  }
}

/**
 * Four for four, the first of a block for its last: with x0 = X[0], X[1], ... y1 = Y[6], Y[7]; N has H[1], H[2], H[3], M has
 * H[3], H[4], H[5], P has H[5], H[6], H[7].
 */
export function fourForFour(block: usize, bytes: usize, oldest: usize, filter: usize, size: usize): void {
  const zero = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += step(at)) {
    const slot0 = oldest + at;
    const slot1 = slot0 + size;
    const slot2 = slot1 + size;
    const slot3 = slot2 + size;
    const x0r = v128.load(slot0);
    const x0i = v128.load(slot0, IMAGINARY);
    const x1r = v128.load(slot1);
    const x1i = v128.load(slot1, IMAGINARY);
    const x2r = v128.load(slot2);
    const x2i = v128.load(slot2, IMAGINARY);
    const x3r = v128.load(block + at);
    const x3i = v128.load(block + at, IMAGINARY);
    const h1 = filter + at;
    const h2 = h1 + size;
    const h3 = h2 + size;
    const h4 = h3 + size;
    const h5 = h4 + size;
    const h6 = h5 + size;
    const h7 = h6 + size;
    const m3r = v128.load(h3);
    const m3i = v128.load(h3, IMAGINARY);
    const m4r = v128.load(h4);
    const m4i = v128.load(h4, IMAGINARY);
    const m5r = v128.load(h5);
    const m5i = v128.load(h5, IMAGINARY);
    // M (x0 + x1)
    const ar = f32x4.add(x0r, x2r);
    const ai = f32x4.add(x0i, x2i);
    const br = f32x4.add(x1r, x3r);
    const bi = f32x4.add(x1i, x3i);
    const y0r = real(real(zero, br, m3r, bi, m3i), ar, m4r, ai, m4i);
    const y0i = imaginary(imaginary(zero, br, m3r, bi, m3i), ar, m4r, ai, m4i);
    const y1r = real(real(zero, br, m4r, bi, m4i), ar, m5r, ai, m5i);
    const y1i = imaginary(imaginary(zero, br, m4r, bi, m4i), ar, m5r, ai, m5i);
    // P - M, of which H[5] - H[3] is -(N - M)'s H[3] - H[5]
    const er = f32x4.sub(m5r, m3r);
    const ei = f32x4.sub(m5i, m3i);
    let fr = f32x4.sub(v128.load(h6), m4r);
    let fi = f32x4.sub(v128.load(h6, IMAGINARY), m4i);
    v128.store(slot2, real(real(y0r, x1r, er, x1i, ei), x0r, fr, x0i, fi));
    v128.store(slot2, imaginary(imaginary(y0i, x1r, er, x1i, ei), x0r, fr, x0i, fi), IMAGINARY);
    const gr = f32x4.sub(v128.load(h7), m5r);
    const gi = f32x4.sub(v128.load(h7, IMAGINARY), m5i);
    v128.store(slot3, real(real(y1r, x1r, fr, x1i, fi), x0r, gr, x0i, gi));
    v128.store(slot3, imaginary(imaginary(y1i, x1r, fr, x1i, fi), x0r, gr, x0i, gi), IMAGINARY);
    // N - M
    const dr = f32x4.sub(v128.load(h1), m3r);
    const di = f32x4.sub(v128.load(h1, IMAGINARY), m3i);
    fr = f32x4.sub(v128.load(h2), m4r);
    fi = f32x4.sub(v128.load(h2, IMAGINARY), m4i);
    v128.store(block + at, real(real(y0r, x3r, dr, x3i, di), x2r, fr, x2i, fi));
    v128.store(block + at, imaginary(imaginary(y0i, x3r, dr, x3i, di), x2r, fr, x2i, fi), IMAGINARY);
    v128.store(slot1, minusReal(real(y1r, x3r, fr, x3i, fi), x2r, er, x2i, ei));
    v128.store(slot1, minusImaginary(imaginary(y1i, x3r, fr, x3i, fi), x2r, er, x2i, ei), IMAGINARY);
  }
}
