/**
 * The innermost transforms, of 2, 4 and 8 points: too small to need twiddles from memory.
 *
 * Loads and stores are mixed with arithmetic on purpose, here and in products.ts: V8 moves loads up to the store before
 * them, and what then waits for its turn has to find one of 16 registers.
 */
import { madd, msub } from '../../../webassembly/assembly/fused';
import { IMAGINARY, POINT, VECTOR } from './layout';

const ROOT: f32 = 0.7071067811865476; // sqrt(1/2)

/** A 2-point transform; its own inverse, times 2. */
// @inline
export function transform2(block: usize): void {
  for (const stop = block + IMAGINARY * 2; block < stop; block += VECTOR) {
    const x0 = v128.load(block, 0);
    const x1 = v128.load(block, 64);
    v128.store(block, f32x4.add(x0, x1), 0);
    v128.store(block, f32x4.sub(x0, x1), 64);
  }
}

/** A forward 4-point transform. */
// @inline
export function forward4(block: usize): void {
  transform4(block, 64, 192);
  transform4(block + VECTOR, 64, 192);
}

/** The inverse of `forward4`, times 4: frequencies 1 and 3 change places. */
// @inline
export function inverse4(block: usize): void {
  transform4(block, 192, 64);
  transform4(block + VECTOR, 192, 64);
}

/** Four points of one vector of channels; frequency 1 goes to `one`, 3 to `three` (bytes from the block). */
// @inline
function transform4(block: usize, one: usize, three: usize): void {
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
  v128.store(block, f32x4.add(ar, cr), 0);
  v128.store(block, f32x4.add(ai, ci), 32);
  v128.store(block + one, f32x4.add(br, ei), 0);
  v128.store(block + one, f32x4.sub(bi, er), 32);
  v128.store(block, f32x4.sub(ar, cr), 128);
  v128.store(block, f32x4.sub(ai, ci), 160);
  v128.store(block + three, f32x4.sub(br, ei), 0);
  v128.store(block + three, f32x4.add(bi, er), 32);
}

/** The first pass of a forward 8-point transform, radix 2: even frequencies to the first half, odd ones to the second. */
export function forwardHalves(block: usize): void {
  const root = f32x4.splat(ROOT);
  for (const stop = block + IMAGINARY; block < stop; block += VECTOR) {
    let xr = v128.load(block, 0);
    let xi = v128.load(block, 32);
    let yr = v128.load(block, 256);
    let yi = v128.load(block, 288);
    v128.store(block, f32x4.add(xr, yr), 0);
    v128.store(block, f32x4.add(xi, yi), 32);
    v128.store(block, f32x4.sub(xr, yr), 256);
    v128.store(block, f32x4.sub(xi, yi), 288);
    xr = v128.load(block, 64);
    xi = v128.load(block, 96);
    yr = v128.load(block, 320);
    yi = v128.load(block, 352);
    let dr = f32x4.sub(xr, yr);
    let di = f32x4.sub(xi, yi);
    v128.store(block, f32x4.add(xr, yr), 64);
    v128.store(block, f32x4.add(xi, yi), 96);
    v128.store(block, f32x4.mul(root, f32x4.add(dr, di)), 320); // times (1 - i) / sqrt 2
    v128.store(block, f32x4.mul(root, f32x4.sub(di, dr)), 352);
    xr = v128.load(block, 128);
    xi = v128.load(block, 160);
    yr = v128.load(block, 384);
    yi = v128.load(block, 416);
    v128.store(block, f32x4.add(xr, yr), 128);
    v128.store(block, f32x4.add(xi, yi), 160);
    v128.store(block, f32x4.sub(xi, yi), 384); // times -i
    v128.store(block, f32x4.sub(yr, xr), 416);
    xr = v128.load(block, 192);
    xi = v128.load(block, 224);
    yr = v128.load(block, 448);
    yi = v128.load(block, 480);
    dr = f32x4.sub(xr, yr);
    di = f32x4.sub(xi, yi);
    v128.store(block, f32x4.add(xr, yr), 192);
    v128.store(block, f32x4.add(xi, yi), 224);
    v128.store(block, f32x4.mul(root, f32x4.sub(di, dr)), 448); // times -(1 + i) / sqrt 2
    v128.store(block, f32x4.neg(f32x4.mul(root, f32x4.add(dr, di))), 480);
  }
}

/** The inverse of `forwardHalves`, times 2. */
export function inverseHalves(block: usize): void {
  const root = f32x4.splat(ROOT);
  for (const stop = block + IMAGINARY; block < stop; block += VECTOR) {
    let xr = v128.load(block, 0);
    let xi = v128.load(block, 32);
    let yr = v128.load(block, 256);
    let yi = v128.load(block, 288);
    v128.store(block, f32x4.add(xr, yr), 0);
    v128.store(block, f32x4.add(xi, yi), 32);
    v128.store(block, f32x4.sub(xr, yr), 256);
    v128.store(block, f32x4.sub(xi, yi), 288);
    xr = v128.load(block, 64);
    xi = v128.load(block, 96);
    yr = v128.load(block, 320);
    yi = v128.load(block, 352);
    let dr = f32x4.sub(yr, yi); // times (1 + i) / sqrt 2
    let di = f32x4.add(yr, yi);
    v128.store(block, madd(xr, root, dr), 64);
    v128.store(block, madd(xi, root, di), 96);
    v128.store(block, msub(xr, root, dr), 320);
    v128.store(block, msub(xi, root, di), 352);
    xr = v128.load(block, 128);
    xi = v128.load(block, 160);
    yr = v128.load(block, 384);
    yi = v128.load(block, 416);
    v128.store(block, f32x4.sub(xr, yi), 128); // times i
    v128.store(block, f32x4.add(xi, yr), 160);
    v128.store(block, f32x4.add(xr, yi), 384);
    v128.store(block, f32x4.sub(xi, yr), 416);
    xr = v128.load(block, 192);
    xi = v128.load(block, 224);
    yr = v128.load(block, 448);
    yi = v128.load(block, 480);
    dr = f32x4.add(yr, yi); // times (i - 1) / sqrt 2, negated
    di = f32x4.sub(yi, yr);
    v128.store(block, msub(xr, root, dr), 192);
    v128.store(block, msub(xi, root, di), 224);
    v128.store(block, madd(xr, root, dr), 448);
    v128.store(block, madd(xi, root, di), 480);
  }
}
