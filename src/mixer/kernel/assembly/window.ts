/**
 * The tile of a filter that reaches no further than two blocks: each block of inputs is transformed once, and multiplied with two
 * spectra. The product for the next block is transformed back together with what the block before has left for it; the
 * product for the block after that is left in turn.
 */
import { forwardHalves, inverse4, inverseHalves } from './base';
import { madd, msub, real, imaginary } from '../../../webassembly/assembly/fused';
import { IMAGINARY, POINT, VECTOR } from './layout';
import { forwardPass, inversePass } from './passes';
import { addUpper, twistRows } from './twist';

/**
 * One group, n >= 16 inputs: `outputs[o] += sum over j < n of inputs[j] taps[n + o - j]`, o < count, and what is in `left`,
 * `[half][n]` points, which then holds what the same inputs contribute n positions later. `filter` has the spectra of taps 0
 * ... 2n - 1 and of taps n ... 3n - 1, `[2][half][n]`; `points`, `[half][n]`, is scratch.
 */
export function windowTile(
  inputs: usize,
  outputs: usize,
  count: usize,
  n: usize,
  left: usize,
  filter: usize,
  points: usize,
  twisted: usize,
  twiddles: usize,
): void {
  const q = n >> 2;
  const quarter = q * POINT;
  const half = n * POINT;
  const far: usize = 2 * half;
  twistRows(inputs, points, half, q, twisted, 0, q);
  for (let part: usize = 0; part < far; part += quarter) {
    convolveWindow(points + part, q, left + part, filter + part, far, twiddles);
  }
  addUpper(points, outputs, count, n, twisted);
}

/** n >= 4 points, depth first: see `convolve` in products.ts. */
function convolveWindow(block: usize, n: usize, left: usize, near: usize, far: usize, tables: usize): void {
  if (n == 16) {
    forwardPass(block, 4, tables);
    multiplyWindow(block, 4, left, near, far);
    inversePass(block, 4, tables);
  } else if (n == 8) {
    forwardHalves(block);
    multiplyWindow(block, 2, left, near, far);
    inverseHalves(block);
  } else if (n == 4) multiplyWindow(block, 1, left, near, far);
  else {
    const q = n >> 2;
    const quarter = q * POINT;
    forwardPass(block, q, tables);
    for (let part: usize = 0; part < 4 * quarter; part += quarter) {
      convolveWindow(block + part, q, left + part, near + part, far, tables);
    }
    inversePass(block, q, tables);
  }
}

/** The innermost step, for a number of `fours`: 4 points transformed, multiplied and transformed back. */
function multiplyWindow(block: usize, fours: usize, left: usize, near: usize, far: usize): void {
  for (let k: usize = 0; k < fours; k++) {
    multiply4(block, left, near, far);
    multiply4(block + VECTOR, left + VECTOR, near + VECTOR, far);
    inverse4(block);
    block += 4 * POINT;
    left += 4 * POINT;
    near += 4 * POINT;
  }
}

/** A forward transform of 4 points of one vector, its results multiplied before they are stored. */
// @inline
function multiply4(block: usize, left: usize, near: usize, far: usize): void {
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
  multiplyPoint(block, left, near, far, f32x4.add(ar, cr), f32x4.add(ai, ci));
  multiplyPoint(block + 64, left + 64, near + 64, far, f32x4.add(br, ei), f32x4.sub(bi, er));
  multiplyPoint(block + 128, left + 128, near + 128, far, f32x4.sub(ar, cr), f32x4.sub(ai, ci));
  multiplyPoint(block + 192, left + 192, near + 192, far, f32x4.sub(br, ei), f32x4.add(bi, er));
}

// @inline
function multiplyPoint(block: usize, left: usize, near: usize, far: usize, xr: v128, xi: v128): void {
  let hr = v128.load(near);
  let hi = v128.load(near, IMAGINARY);
  v128.store(block, real(v128.load(left), xr, hr, xi, hi));
  v128.store(block, imaginary(v128.load(left, IMAGINARY), xr, hr, xi, hi), IMAGINARY);
  hr = v128.load(near + far);
  hi = v128.load(near + far, IMAGINARY);
  v128.store(left, msub(f32x4.mul(xr, hr), xi, hi));
  v128.store(left, madd(f32x4.mul(xr, hi), xi, hr), IMAGINARY);
}
