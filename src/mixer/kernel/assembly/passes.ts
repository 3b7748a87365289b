/**
 * Radix-4 passes over points (8 channels side by side, see layout.ts). Every butterfly is vertical: a vector
 * holds one part of 4 channels, twiddles are scalars splatted to all of them, nothing is ever shuffled.
 *
 * Forward passes decimate in frequency and leave the four sub-spectra (frequencies 4k, 4k + 1, 4k + 2, 4k - 1) in the
 * four quarters of the block; inverse passes decimate in time and take them from there. Spectra therefore stay in the
 * order the forward passes leave, and nothing is permuted.
 *
 * Twiddle tables: for size n, n/4 entries `[W^j, W^2j]`, W = exp(-2 pi i / n), complex float32, the tables of sizes
 * 4, 8, 16, ... one after the other. The last quarter's twiddle is the conjugate of W^j, not W^3j, which is why its
 * frequencies are 4k - 1: two numbers less to load, and the whole butterfly fits the 16 vector registers.
 */
import { madd, msub } from '../../../webassembly/assembly/fused';
import { IMAGINARY, POINT, VECTOR } from './layout';

/** Bytes per entry of the table: two complex numbers. */
const ENTRY: usize = 16;

/** The table of size n = 4 q inside the run of tables. */
// @inline
function tableOf(tables: usize, q: usize): usize {
  return tables + ENTRY * (q - 1);
}

/** One decimation-in-frequency radix-4 pass over a block of 4 q points, in place. */
export function forwardPass(block: usize, q: usize, tables: usize): void {
  const quarter = q * POINT;
  let entry = tableOf(tables, q);
  for (const end = block + quarter; block < end; block += POINT) {
    forwardButterfly(block, quarter, entry);
    forwardButterfly(block + VECTOR, quarter, entry);
    entry += ENTRY;
  }
}

/** One butterfly in one vector of 4 channels. */
// @inline
function forwardButterfly(p: usize, quarter: usize, entry: usize): void {
  const p1 = p + quarter;
  const p2 = p1 + quarter;
  const p3 = p2 + quarter;
  const x0r = v128.load(p);
  const x0i = v128.load(p, IMAGINARY);
  const x2r = v128.load(p2);
  const x2i = v128.load(p2, IMAGINARY);
  const ar = f32x4.add(x0r, x2r);
  const ai = f32x4.add(x0i, x2i);
  const br = f32x4.sub(x0r, x2r);
  const bi = f32x4.sub(x0i, x2i);
  const x1r = v128.load(p1);
  const x1i = v128.load(p1, IMAGINARY);
  const x3r = v128.load(p3);
  const x3i = v128.load(p3, IMAGINARY);
  const cr = f32x4.add(x1r, x3r);
  const ci = f32x4.add(x1i, x3i);
  const er = f32x4.sub(x1r, x3r);
  const ei = f32x4.sub(x1i, x3i);
  v128.store(p, f32x4.add(ar, cr));
  v128.store(p, f32x4.add(ai, ci), IMAGINARY);
  // b - i e, b + i e, a - c, each times its twiddle
  let wr = v128.load32_splat(entry, 0);
  let wi = v128.load32_splat(entry, 4);
  storeProduct(p1, f32x4.add(br, ei), f32x4.sub(bi, er), wr, wi);
  storeConjugateProduct(p3, f32x4.sub(br, ei), f32x4.add(bi, er), wr, wi);
  wr = v128.load32_splat(entry, 8);
  wi = v128.load32_splat(entry, 12);
  storeProduct(p2, f32x4.sub(ar, cr), f32x4.sub(ai, ci), wr, wi);
}

/** The inverse of `forwardPass`, times 4: decimation in time, conjugate twiddles. */
export function inversePass(block: usize, q: usize, tables: usize): void {
  const quarter = q * POINT;
  let entry = tableOf(tables, q);
  for (const end = block + quarter; block < end; block += POINT) {
    inverseButterfly(block, quarter, entry);
    inverseButterfly(block + VECTOR, quarter, entry);
    entry += ENTRY;
  }
}

/** One butterfly in one vector of 4 channels. */
// @inline
function inverseButterfly(p: usize, quarter: usize, entry: usize): void {
  const p1 = p + quarter;
  const p2 = p1 + quarter;
  const p3 = p2 + quarter;
  let wr = v128.load32_splat(entry, 8);
  let wi = v128.load32_splat(entry, 12);
  let yr = v128.load(p2);
  let yi = v128.load(p2, IMAGINARY);
  const t2r = madd(f32x4.mul(yr, wr), yi, wi);
  const t2i = msub(f32x4.mul(yi, wr), yr, wi);
  const t0r = v128.load(p);
  const t0i = v128.load(p, IMAGINARY);
  const ar = f32x4.add(t0r, t2r);
  const ai = f32x4.add(t0i, t2i);
  const br = f32x4.sub(t0r, t2r);
  const bi = f32x4.sub(t0i, t2i);
  wr = v128.load32_splat(entry, 0);
  wi = v128.load32_splat(entry, 4);
  yr = v128.load(p1);
  yi = v128.load(p1, IMAGINARY);
  const t1r = madd(f32x4.mul(yr, wr), yi, wi);
  const t1i = msub(f32x4.mul(yi, wr), yr, wi);
  yr = v128.load(p3);
  yi = v128.load(p3, IMAGINARY);
  const t3r = msub(f32x4.mul(yr, wr), yi, wi);
  const t3i = madd(f32x4.mul(yi, wr), yr, wi);
  const cr = f32x4.add(t1r, t3r);
  const ci = f32x4.add(t1i, t3i);
  const er = f32x4.sub(t1r, t3r);
  const ei = f32x4.sub(t1i, t3i);
  v128.store(p, f32x4.add(ar, cr));
  v128.store(p, f32x4.add(ai, ci), IMAGINARY);
  v128.store(p1, f32x4.sub(br, ei)); // b + i e
  v128.store(p1, f32x4.add(bi, er), IMAGINARY);
  v128.store(p2, f32x4.sub(ar, cr));
  v128.store(p2, f32x4.sub(ai, ci), IMAGINARY);
  v128.store(p3, f32x4.add(br, ei)); // b - i e
  v128.store(p3, f32x4.sub(bi, er), IMAGINARY);
}

/** Stores (r + i s)(wr + i wi) into one vector of a point. */
// @inline
export function storeProduct(p: usize, r: v128, s: v128, wr: v128, wi: v128): void {
  v128.store(p, msub(f32x4.mul(r, wr), s, wi));
  v128.store(p, madd(f32x4.mul(r, wi), s, wr), IMAGINARY);
}

/** The same times the conjugate, (r + i s)(wr - i wi). */
// @inline
function storeConjugateProduct(p: usize, r: v128, s: v128, wr: v128, wi: v128): void {
  v128.store(p, madd(f32x4.mul(r, wr), s, wi));
  v128.store(p, msub(f32x4.mul(s, wr), r, wi), IMAGINARY);
}
