/**
 * The innermost blocks: 1, 2 or 4 points, too small to need twiddles. `transform2`, `forward4` and `inverse4` stand alone;
 * `multiply*` fuse the forward transform, the product with the filter's spectrum and the inverse transform, so
 * that the product costs no pass over memory of its own.
 */
import { IMAGINARY, POINT, VECTOR } from './layout';
import { storeProduct } from './passes';

// @inline
export function multiply1(block: usize, spectrum: usize): void {
  for (const stop = block + IMAGINARY; block < stop; block += VECTOR, spectrum += VECTOR) {
    storeProduct(
      block,
      v128.load(block),
      v128.load(block, IMAGINARY),
      v128.load(spectrum),
      v128.load(spectrum, IMAGINARY),
    );
  }
}

// @inline
export function multiply2(block: usize, spectrum: usize): void {
  for (const stop = block + IMAGINARY; block < stop; block += VECTOR, spectrum += VECTOR) {
    const x0r = v128.load(block, 0);
    const x0i = v128.load(block, 32);
    const x1r = v128.load(block, 64);
    const x1i = v128.load(block, 96);
    let yr = f32x4.add(x0r, x1r);
    let yi = f32x4.add(x0i, x1i);
    let hr = v128.load(spectrum, 0);
    let hi = v128.load(spectrum, 32);
    const p0r = f32x4.sub(f32x4.mul(yr, hr), f32x4.mul(yi, hi));
    const p0i = f32x4.add(f32x4.mul(yr, hi), f32x4.mul(yi, hr));
    yr = f32x4.sub(x0r, x1r);
    yi = f32x4.sub(x0i, x1i);
    hr = v128.load(spectrum, 64);
    hi = v128.load(spectrum, 96);
    const p1r = f32x4.sub(f32x4.mul(yr, hr), f32x4.mul(yi, hi));
    const p1i = f32x4.add(f32x4.mul(yr, hi), f32x4.mul(yi, hr));
    v128.store(block, f32x4.add(p0r, p1r), 0);
    v128.store(block, f32x4.add(p0i, p1i), 32);
    v128.store(block, f32x4.sub(p0r, p1r), 64);
    v128.store(block, f32x4.sub(p0i, p1i), 96);
  }
}

// @inline
export function multiply4(block: usize, spectrum: usize): void {
  for (const stop = block + IMAGINARY; block < stop; block += VECTOR, spectrum += VECTOR) {
    const x0r = v128.load(block, 0);
    const x0i = v128.load(block, 32);
    const x2r = v128.load(block, 128);
    const x2i = v128.load(block, 160);
    let ar = f32x4.add(x0r, x2r);
    let ai = f32x4.add(x0i, x2i);
    let br = f32x4.sub(x0r, x2r);
    let bi = f32x4.sub(x0i, x2i);
    const x1r = v128.load(block, 64);
    const x1i = v128.load(block, 96);
    const x3r = v128.load(block, 192);
    const x3i = v128.load(block, 224);
    let cr = f32x4.add(x1r, x3r);
    let ci = f32x4.add(x1i, x3i);
    let er = f32x4.sub(x1r, x3r);
    let ei = f32x4.sub(x1i, x3i);

    let yr = f32x4.add(ar, cr);
    let yi = f32x4.add(ai, ci);
    let hr = v128.load(spectrum, 0);
    let hi = v128.load(spectrum, 32);
    const p0r = f32x4.sub(f32x4.mul(yr, hr), f32x4.mul(yi, hi));
    const p0i = f32x4.add(f32x4.mul(yr, hi), f32x4.mul(yi, hr));
    yr = f32x4.sub(ar, cr);
    yi = f32x4.sub(ai, ci);
    hr = v128.load(spectrum, 128);
    hi = v128.load(spectrum, 160);
    const p2r = f32x4.sub(f32x4.mul(yr, hr), f32x4.mul(yi, hi));
    const p2i = f32x4.add(f32x4.mul(yr, hi), f32x4.mul(yi, hr));
    yr = f32x4.add(br, ei);
    yi = f32x4.sub(bi, er);
    hr = v128.load(spectrum, 64);
    hi = v128.load(spectrum, 96);
    const p1r = f32x4.sub(f32x4.mul(yr, hr), f32x4.mul(yi, hi));
    const p1i = f32x4.add(f32x4.mul(yr, hi), f32x4.mul(yi, hr));
    yr = f32x4.sub(br, ei);
    yi = f32x4.add(bi, er);
    hr = v128.load(spectrum, 192);
    hi = v128.load(spectrum, 224);
    const p3r = f32x4.sub(f32x4.mul(yr, hr), f32x4.mul(yi, hi));
    const p3i = f32x4.add(f32x4.mul(yr, hi), f32x4.mul(yi, hr));

    ar = f32x4.add(p0r, p2r);
    ai = f32x4.add(p0i, p2i);
    br = f32x4.sub(p0r, p2r);
    bi = f32x4.sub(p0i, p2i);
    cr = f32x4.add(p1r, p3r);
    ci = f32x4.add(p1i, p3i);
    er = f32x4.sub(p1r, p3r);
    ei = f32x4.sub(p1i, p3i);
    v128.store(block, f32x4.add(ar, cr), 0);
    v128.store(block, f32x4.add(ai, ci), 32);
    v128.store(block, f32x4.sub(br, ei), 64);
    v128.store(block, f32x4.add(bi, er), 96);
    v128.store(block, f32x4.sub(ar, cr), 128);
    v128.store(block, f32x4.sub(ai, ci), 160);
    v128.store(block, f32x4.add(br, ei), 192);
    v128.store(block, f32x4.sub(bi, er), 224);
  }
}

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
  for (const stop = block + IMAGINARY; block < stop; block += VECTOR) transform4(block, 64, 192);
}

/** The inverse of `forward4`, times 4: frequencies 1 and 3 change places. */
// @inline
export function inverse4(block: usize): void {
  for (const stop = block + IMAGINARY; block < stop; block += VECTOR) transform4(block, 192, 64);
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
