/**
 * The middle of an FFT tile: the spectral products of a block's children with the filter, between a forward and an inverse
 * transform.
 *
 * A block has B children, and child t needs `sum over q < t of X[q] H[t - q]`, all spectra. That is itself an online
 * convolution, at every frequency, and is cut as the positions are: once `known` children are known, K the largest
 * power of two dividing `known`, the last K of them are multiplied for the next K children at once. With 8 children:
 *
 *     known     sources -> targets   routine
 *     1 3 5 7   1 -> 1               multiplyOne, within the transforms
 *     2 6       2 -> 2               twoForTwo, 3 products for 4 (2 -> 1 where the block ends: twoForOne)
 *     4         4 -> 4               fourForFour, 12 products for 16 (4 -> 1, 2, 3: fourForFewer)
 *
 * The first target is due now, and its sum replaces the newest child's spectrum; what the others have so far waits where
 * their spectra will be kept. At 1, 2 and 4 a sum is begun (`first`); at the others it goes on. So every spectrum is read
 * log2 B times instead of B. With two children there is one product, and nothing to keep.
 *
 * `kept` are spectra `size` bytes apart, as many as `keptOf(B)`: child t's, at t modulo their number, holds what is summed
 * for the child and later, once it is known, its own spectrum. `filter` is H[1], H[2], ... at the same distance.
 */
import { forward4, forwardHalves, inverse4, inverseHalves } from './base';
import { imaginary, madd, msub, real } from '../../../webassembly/assembly/fused';
import { fourForFour, twoForTwo } from './karatsuba';
import { IMAGINARY, POINT, step, VECTOR } from './layout';
import { forwardPass, inversePass } from './passes';

/** Half of the children, rounded up to a power of two: what waits for the second half overwrites the first's spectra. */
// @inline
export function keptOf(children: usize): usize {
  return ((<usize>1) << (32 - clz<u32>(children - 1))) >> 1;
}

/**
 * `block = inverse(what is due of kept, filter and forward(block))`, n >= 4 points of longer spectra; `block` is the
 * newest of `known` children.
 */
export function convolve(
  block: usize,
  n: usize,
  kept: usize,
  filter: usize,
  size: usize,
  known: usize,
  children: usize,
  tables: usize,
): void {
  descend(block, n, kept, filter, size, known, children, false, tables);
}

/**
 * The same where each child's tile is the sum over all children so far, the newest included:
 * `block = inverse(sum over 1 <= d <= known of X[known - d] filter[d - 1])`. `kept` has the spectra of the children before, X[0],
 * X[1], ...; the newest's joins them if there are more `children`.
 */
export function convolveAll(
  block: usize,
  n: usize,
  kept: usize,
  filter: usize,
  size: usize,
  known: usize,
  children: usize,
  tables: usize,
): void {
  descend(block, n, kept, filter, size, known, children, true, tables);
}

/**
 * Depth first: each quarter goes all the way down, through the products and back up before the next one is touched. So
 * every level below the first that fits a cache runs inside that cache, and a long transform streams from memory once per
 * level that does not fit, not once per pass.
 */
function descend(
  block: usize,
  n: usize,
  kept: usize,
  filter: usize,
  size: usize,
  known: usize,
  children: usize,
  all: bool,
  tables: usize,
): void {
  if (n == 16) {
    forwardPass(block, 4, tables);
    if (all) multiplyAll(block, 4, kept, filter, size, known, children);
    else multiply(block, 4, kept, filter, size, known, children);
    inversePass(block, 4, tables);
  } else if (n == 8) {
    forwardHalves(block);
    if (all) multiplyAll(block, 2, kept, filter, size, known, children);
    else multiply(block, 2, kept, filter, size, known, children);
    inverseHalves(block);
  } else if (n == 4) {
    if (all) multiplyAll(block, 1, kept, filter, size, known, children);
    else multiply(block, 1, kept, filter, size, known, children);
  } else {
    const q = n >> 2;
    const quarter = q * POINT;
    forwardPass(block, q, tables);
    for (let part: usize = 0; part < 4 * quarter; part += quarter) {
      descend(block + part, q, kept + part, filter + part, size, known, children, all, tables);
    }
    inversePass(block, q, tables);
  }
}

/** The innermost step, for a number of `fours`: 4 points transformed, multiplied and transformed back. */
function multiply(
  block: usize,
  fours: usize,
  kept: usize,
  filter: usize,
  size: usize,
  known: usize,
  children: usize,
): void {
  const sources = known & -known;
  const wrap = keptOf(children) - 1;
  const due = kept + (known & wrap) * size;
  const newest = kept + ((known - 1) & wrap) * size;
  const keep = known + sources < children;
  // Of a second half of children, the first half's products have been summed before.
  const first = known == sources;
  if (sources == 1) {
    if (first) {
      if (keep) multiplyFirstKept(block, fours, newest, due, filter);
      else multiplyFirst(block, fours, newest, due, filter);
    } else if (keep) multiplyKept(block, fours, newest, due, filter);
    else multiplyLast(block, fours, newest, due, filter);
    return;
  }
  for (let k: usize = 0; k < fours; k++) forward4(block + k * 4 * POINT);
  const bytes = 4 * POINT * fours;
  const oldest = kept + ((known - sources) & wrap) * size;
  const targets = min(sources, children - known);
  if (sources == 4) {
    if (targets == 4) fourForFour(block, bytes, oldest, filter, size);
    else fourForFewer(block, bytes, oldest, filter, size, targets);
  } else if (targets == 1) twoForOne(block, bytes, oldest, due, filter, size, first);
  else twoForTwo(block, bytes, oldest, newest, due, filter, size, first, keep);
  for (let k: usize = 0; k < fours; k++) inverse4(block + k * 4 * POINT);
}

function multiplyFirst(block: usize, fours: usize, newest: usize, due: usize, filter: usize): void {
  multiplyOne(block, fours, newest, due, filter, true, false);
}

function multiplyFirstKept(block: usize, fours: usize, newest: usize, due: usize, filter: usize): void {
  multiplyOne(block, fours, newest, due, filter, true, true);
}

function multiplyKept(block: usize, fours: usize, newest: usize, due: usize, filter: usize): void {
  multiplyOne(block, fours, newest, due, filter, false, true);
}

function multiplyLast(block: usize, fours: usize, newest: usize, due: usize, filter: usize): void {
  multiplyOne(block, fours, newest, due, filter, false, false);
}

/** One child for the next one: the products are part of the transforms, so that they cost no pass of their own. */
// @inline
function multiplyOne(
  block: usize,
  fours: usize,
  newest: usize,
  due: usize,
  filter: usize,
  first: bool,
  keep: bool,
): void {
  for (let k: usize = 0; k < fours; k++) {
    forwardMultiply4(block, newest, due, filter, first, keep);
    forwardMultiply4(block + VECTOR, newest + VECTOR, due + VECTOR, filter + VECTOR, first, keep);
    inverse4(block);
    block += 4 * POINT;
    newest += 4 * POINT;
    due += 4 * POINT;
    filter += 4 * POINT;
  }
}

/** `forward4` of one vector, its results multiplied before they are stored. */
// @inline
export function forwardMultiply4(
  block: usize,
  newest: usize,
  due: usize,
  filter: usize,
  first: bool,
  keep: bool,
): void {
  const x0r = v128.load(block, 0);
  const x0i = v128.load(block, 32);
  const x2r = v128.load(block, 128);
  const x2i = v128.load(block, 160);
  const ar = f32x4.add(x0r, x2r);
  const ai = f32x4.add(x0i, x2i);
  const br = f32x4.sub(x0r, x2r);
  const bi = f32x4.sub(x0i, x2i);
  const x1r = v128.load(block, 64);
  const x1i = v128.load(block, 96);
  const x3r = v128.load(block, 192);
  const x3i = v128.load(block, 224);
  const cr = f32x4.add(x1r, x3r);
  const ci = f32x4.add(x1i, x3i);
  const er = f32x4.sub(x1r, x3r);
  const ei = f32x4.sub(x1i, x3i);
  multiplyPoint(block, newest, due, filter, f32x4.add(ar, cr), f32x4.add(ai, ci), first, keep, 0);
  multiplyPoint(block, newest, due, filter, f32x4.add(br, ei), f32x4.sub(bi, er), first, keep, 64);
  multiplyPoint(block, newest, due, filter, f32x4.sub(ar, cr), f32x4.sub(ai, ci), first, keep, 128);
  multiplyPoint(block, newest, due, filter, f32x4.sub(br, ei), f32x4.add(bi, er), first, keep, 192);
}

// @inline
function multiplyPoint(
  block: usize,
  newest: usize,
  due: usize,
  filter: usize,
  xr: v128,
  xi: v128,
  first: bool,
  keep: bool,
  at: usize,
): void {
  if (keep) {
    v128.store(newest + at, xr);
    v128.store(newest + at, xi, IMAGINARY);
  }
  const hr = v128.load(filter + at);
  const hi = v128.load(filter + at, IMAGINARY);
  let r: v128;
  let i: v128;
  if (first) {
    r = f32x4.mul(xr, hr);
    i = f32x4.mul(xr, hi);
  } else {
    r = madd(v128.load(due + at), xr, hr);
    i = madd(v128.load(due + at, IMAGINARY), xr, hi);
  }
  r = msub(r, xi, hi);
  i = madd(i, xi, hr);
  v128.store(block + at, r);
  v128.store(block + at, i, IMAGINARY);
}

/** Two children for the last one that there is, all transformed. */
function twoForOne(
  block: usize,
  bytes: usize,
  oldest: usize,
  due: usize,
  filter: usize,
  size: usize,
  first: bool,
): void {
  for (let at: usize = 0; at < bytes; at += step(at)) {
    const x0r = v128.load(oldest + at);
    const x0i = v128.load(oldest + at, IMAGINARY);
    const x1r = v128.load(block + at);
    const x1i = v128.load(block + at, IMAGINARY);
    const h1 = filter + at;
    const h2 = h1 + size;
    const h1r = v128.load(h1);
    const h1i = v128.load(h1, IMAGINARY);
    const h2r = v128.load(h2);
    const h2i = v128.load(h2, IMAGINARY);
    let r = f32x4.splat(0);
    let i = r;
    if (!first) {
      r = v128.load(due + at);
      i = v128.load(due + at, IMAGINARY);
    }
    v128.store(block + at, real(real(r, x1r, h1r, x1i, h1i), x0r, h2r, x0i, h2i));
    v128.store(block + at, imaginary(imaginary(i, x1r, h1r, x1i, h1i), x0r, h2r, x0i, h2i), IMAGINARY);
  }
}

/**
 * The first four for the last one, two or three, the last one first: each sum but the first one's overwrites one whose
 * spectrum is in registers by then.
 */
function fourForFewer(
  block: usize,
  bytes: usize,
  oldest: usize,
  filter: usize,
  size: usize,
  targets: usize,
): void {
  for (let at: usize = 0; at < bytes; at += step(at)) {
    const x = oldest + at;
    const x0r = v128.load(x);
    const x0i = v128.load(x, IMAGINARY);
    const x1r = v128.load(x + size);
    const x1i = v128.load(x + size, IMAGINARY);
    const x2r = v128.load(x + 2 * size);
    const x2i = v128.load(x + 2 * size, IMAGINARY);
    const x3r = v128.load(block + at);
    const x3i = v128.load(block + at, IMAGINARY);
    for (let target = targets; target > 0;) {
      target--;
      const h = filter + at + target * size;
      const p = target > 0 ? x + target * size : block + at;
      const zero = f32x4.splat(0);
      let har = v128.load(h);
      let hai = v128.load(h, IMAGINARY);
      let hbr = v128.load(h + size);
      let hbi = v128.load(h + size, IMAGINARY);
      const r = real(real(zero, x3r, har, x3i, hai), x2r, hbr, x2i, hbi);
      const i = imaginary(imaginary(zero, x3r, har, x3i, hai), x2r, hbr, x2i, hbi);
      har = v128.load(h + 2 * size);
      hai = v128.load(h + 2 * size, IMAGINARY);
      hbr = v128.load(h + 3 * size);
      hbi = v128.load(h + 3 * size, IMAGINARY);
      v128.store(p, real(real(r, x1r, har, x1i, hai), x0r, hbr, x0i, hbi));
      v128.store(p, imaginary(imaginary(i, x1r, har, x1i, hai), x0r, hbr, x0i, hbi), IMAGINARY);
    }
  }
}

/** The innermost step of `convolveAll`, for a number of `fours`. */
function multiplyAll(
  block: usize,
  fours: usize,
  kept: usize,
  filter: usize,
  size: usize,
  known: usize,
  children: usize,
): void {
  const newest = kept + (known - 1) * size;
  const keep = known < children;
  if (known == 1) {
    if (keep) multiplyFirstKept(block, fours, newest, 0, filter);
    else multiplyFirst(block, fours, newest, 0, filter);
  } else if (known == 2) {
    if (keep) sumKept2(block, fours, newest, filter, size);
    else sum2(block, fours, newest, filter, size);
  } else if (known == 3) {
    if (keep) sumKept3(block, fours, newest, filter, size);
    else sum3(block, fours, newest, filter, size);
  } else sum4(block, fours, newest, filter, size);
}

function sumKept2(block: usize, fours: usize, newest: usize, filter: usize, size: usize): void {
  sumOf(block, fours, newest, filter, size, 2, true);
}

function sum2(block: usize, fours: usize, newest: usize, filter: usize, size: usize): void {
  sumOf(block, fours, newest, filter, size, 2, false);
}

function sumKept3(block: usize, fours: usize, newest: usize, filter: usize, size: usize): void {
  sumOf(block, fours, newest, filter, size, 3, true);
}

function sum3(block: usize, fours: usize, newest: usize, filter: usize, size: usize): void {
  sumOf(block, fours, newest, filter, size, 3, false);
}

function sum4(block: usize, fours: usize, newest: usize, filter: usize, size: usize): void {
  sumOf(block, fours, newest, filter, size, 4, false);
}

/** The sum over 2, 3 or 4 children, again within the transforms. */
// @inline
function sumOf(
  block: usize,
  fours: usize,
  newest: usize,
  filter: usize,
  size: usize,
  children: u32,
  keep: bool,
): void {
  for (let k: usize = 0; k < fours; k++) {
    forwardSum4(block, newest, filter, size, children, keep);
    forwardSum4(block + VECTOR, newest + VECTOR, filter + VECTOR, size, children, keep);
    inverse4(block);
    block += 4 * POINT;
    newest += 4 * POINT;
    filter += 4 * POINT;
  }
}

/** `forwardMultiply4` with the products of more children. */
// @inline
function forwardSum4(
  block: usize,
  newest: usize,
  filter: usize,
  size: usize,
  children: u32,
  keep: bool,
): void {
  const x0r = v128.load(block, 0);
  const x0i = v128.load(block, 32);
  const x2r = v128.load(block, 128);
  const x2i = v128.load(block, 160);
  const ar = f32x4.add(x0r, x2r);
  const ai = f32x4.add(x0i, x2i);
  const br = f32x4.sub(x0r, x2r);
  const bi = f32x4.sub(x0i, x2i);
  const x1r = v128.load(block, 64);
  const x1i = v128.load(block, 96);
  const x3r = v128.load(block, 192);
  const x3i = v128.load(block, 224);
  const cr = f32x4.add(x1r, x3r);
  const ci = f32x4.add(x1i, x3i);
  const er = f32x4.sub(x1r, x3r);
  const ei = f32x4.sub(x1i, x3i);
  sumPoint(block, newest, filter, size, f32x4.add(ar, cr), f32x4.add(ai, ci), children, keep, 0);
  sumPoint(block, newest, filter, size, f32x4.add(br, ei), f32x4.sub(bi, er), children, keep, 64);
  sumPoint(block, newest, filter, size, f32x4.sub(ar, cr), f32x4.sub(ai, ci), children, keep, 128);
  sumPoint(block, newest, filter, size, f32x4.sub(br, ei), f32x4.add(bi, er), children, keep, 192);
}

// @inline
function sumPoint(
  block: usize,
  newest: usize,
  filter: usize,
  size: usize,
  xr: v128,
  xi: v128,
  children: u32,
  keep: bool,
  at: usize,
): void {
  if (keep) {
    v128.store(newest + at, xr);
    v128.store(newest + at, xi, IMAGINARY);
  }
  let h = filter + at;
  let hr = v128.load(h);
  let hi = v128.load(h, IMAGINARY);
  let r = msub(f32x4.mul(xr, hr), xi, hi);
  let i = madd(f32x4.mul(xr, hi), xi, hr);
  let x = newest + at - size;
  h += size;
  let yr = v128.load(x);
  let yi = v128.load(x, IMAGINARY);
  hr = v128.load(h);
  hi = v128.load(h, IMAGINARY);
  r = real(r, yr, hr, yi, hi);
  i = imaginary(i, yr, hr, yi, hi);
  if (children > 2) {
    x -= size;
    h += size;
    yr = v128.load(x);
    yi = v128.load(x, IMAGINARY);
    hr = v128.load(h);
    hi = v128.load(h, IMAGINARY);
    r = real(r, yr, hr, yi, hi);
    i = imaginary(i, yr, hr, yi, hi);
  }
  if (children > 3) {
    x -= size;
    h += size;
    yr = v128.load(x);
    yi = v128.load(x, IMAGINARY);
    hr = v128.load(h);
    hi = v128.load(h, IMAGINARY);
    r = real(r, yr, hr, yi, hi);
    i = imaginary(i, yr, hr, yi, hi);
  }
  v128.store(block + at, r);
  v128.store(block + at, i, IMAGINARY);
}
