/** Complex transforms over blocks of 2^k points, as recursions over radix-4 passes. */
import { forward4, inverse4, multiply1, multiply2, multiply4, transform2 } from './base';
import { POINT } from './layout';
import { forwardPass, inversePass } from './passes';

/**
 * `block = inverse(forward(block) * spectrum)`, in place, for n points.
 *
 * Depth first: each quarter goes all the way down, through the product and back up before the next one is
 * touched. So every level below the first that fits a cache runs inside that cache, and a long transform
 * streams from memory once per level that does not fit, not once per pass.
 */
export function convolveBlock(block: usize, n: usize, spectrum: usize, tables: usize): void {
  if (n == 16) convolve16(block, spectrum, tables);
  else if (n == 8) convolve8(block, spectrum, tables);
  else if (n == 4) multiply4(block, spectrum);
  else if (n == 2) multiply2(block, spectrum);
  else if (n == 1) multiply1(block, spectrum);
  else {
    const q = n >> 2;
    forwardPass(block, q, tables);
    const quarter = q * POINT;
    convolveBlock(block, q, spectrum, tables);
    convolveBlock(block + quarter, q, spectrum + quarter, tables);
    convolveBlock(block + 2 * quarter, q, spectrum + 2 * quarter, tables);
    convolveBlock(block + 3 * quarter, q, spectrum + 3 * quarter, tables);
    inversePass(block, q, tables);
  }
}

/** The last step of the recursion but one, where calls would cost as much as the work. */
function convolve16(block: usize, spectrum: usize, tables: usize): void {
  forwardPass(block, 4, tables);
  for (let k: usize = 0; k < 16; k += 4) multiply4(block + k * POINT, spectrum + k * POINT);
  inversePass(block, 4, tables);
}

/** The same for odd powers of two. */
function convolve8(block: usize, spectrum: usize, tables: usize): void {
  forwardPass(block, 2, tables);
  for (let k: usize = 0; k < 8; k += 2) multiply2(block + k * POINT, spectrum + k * POINT);
  inversePass(block, 2, tables);
}

/** The forward transform of n points, in place; the spectrum stays in the order the passes leave it. */
export function forward(block: usize, n: usize, tables: usize): void {
  if (n == 16) {
    forwardPass(block, 4, tables);
    for (let k: usize = 0; k < 16; k += 4) forward4(block + k * POINT);
  } else if (n == 4) forward4(block);
  else if (n == 2) transform2(block);
  else if (n > 4) {
    const q = n >> 2;
    const quarter = q * POINT;
    forwardPass(block, q, tables);
    for (let k: usize = 0; k < 4; k++) forward(block + k * quarter, q, tables);
  }
}

/** The inverse of `forward`, times n. */
export function inverse(block: usize, n: usize, tables: usize): void {
  if (n == 16) {
    for (let k: usize = 0; k < 16; k += 4) inverse4(block + k * POINT);
    inversePass(block, 4, tables);
  } else if (n == 4) inverse4(block);
  else if (n == 2) transform2(block);
  else if (n > 4) {
    const q = n >> 2;
    const quarter = q * POINT;
    for (let k: usize = 0; k < 4; k++) inverse(block + k * quarter, q, tables);
    inversePass(block, q, tables);
  }
}
