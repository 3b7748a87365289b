/** Complex transforms of 2^k points, as recursions over radix-4 passes; one radix-2 pass, of 8 points, if k is odd. */
import { forward4, forwardHalves, inverse4, inverseHalves, transform2 } from './base';
import { POINT } from './layout';
import { forwardPass, inversePass } from './passes';

/** The forward transform of n points, in place; the spectrum stays in the order the passes leave it. */
export function forward(block: usize, n: usize, tables: usize): void {
  if (n == 16) {
    forwardPass(block, 4, tables);
    for (let k: usize = 0; k < 16; k += 4) forward4(block + k * POINT);
  } else if (n == 8) {
    forwardHalves(block);
    forward4(block);
    forward4(block + 4 * POINT);
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
  } else if (n == 8) {
    inverse4(block);
    inverse4(block + 4 * POINT);
    inverseHalves(block);
  } else if (n == 4) inverse4(block);
  else if (n == 2) transform2(block);
  else if (n > 4) {
    const q = n >> 2;
    const quarter = q * POINT;
    for (let k: usize = 0; k < 4; k++) inverse(block + k * quarter, q, tables);
    inversePass(block, q, tables);
  }
}
