/**
 * Two convolutions in one tile, for filters that depend on the data: new inputs with the first taps, and new taps with the first
 * inputs. Their products are summed as spectra, so that there are three transforms instead of four.
 */
import { forwardHalves, inverse4, inverseHalves } from './base';
import { POINT, VECTOR } from './layout';
import { forwardPass, inversePass } from './passes';
import { forwardMultiply4 } from './products';
import { addUpper, twistRows } from './twist';

/**
 * `outputs[o] += sum over j < n of first[j] a[n + o - j] + second[j] b[n + o - j]`, o < count, in one group, n >= 16. `a` and
 * `b` are known by their spectra, `[half][n]`; `points` is scratch, `[2][half][n]`.
 */
export function pairTile(
  first: usize,
  second: usize,
  outputs: usize,
  count: usize,
  n: usize,
  a: usize,
  b: usize,
  points: usize,
  twisted: usize,
  twiddles: usize,
): void {
  const q = n >> 2;
  const quarter = q * POINT;
  const half = n * POINT;
  const other = 2 * half;
  twistRows(first, points, half, q, twisted, 0, q);
  twistRows(second, points + other, half, q, twisted, 0, q);
  for (let part: usize = 0; part < 2 * half; part += quarter) {
    convolvePair(points + part, points + other + part, q, a + part, b + part, twiddles);
  }
  addUpper(points, outputs, count, n, twisted);
}

/** `first = inverse(a forward(first) + b forward(second))`, n >= 4 points, depth first: see `convolve` in products.ts. */
function convolvePair(first: usize, second: usize, n: usize, a: usize, b: usize, tables: usize): void {
  if (n == 16) {
    forwardPass(first, 4, tables);
    forwardPass(second, 4, tables);
    multiplyPair(first, second, 4, a, b);
    inversePass(first, 4, tables);
  } else if (n == 8) {
    forwardHalves(first);
    forwardHalves(second);
    multiplyPair(first, second, 2, a, b);
    inverseHalves(first);
  } else if (n == 4) multiplyPair(first, second, 1, a, b);
  else {
    const q = n >> 2;
    const quarter = q * POINT;
    forwardPass(first, q, tables);
    forwardPass(second, q, tables);
    for (let part: usize = 0; part < 4 * quarter; part += quarter) {
      convolvePair(first + part, second + part, q, a + part, b + part, tables);
    }
    inversePass(first, q, tables);
  }
}

/** The innermost step, for a number of `fours`. The second one's products are where the first one's add to. */
function multiplyPair(first: usize, second: usize, fours: usize, a: usize, b: usize): void {
  for (let k: usize = 0; k < fours; k++) {
    for (let v: usize = 0; v <= VECTOR; v += VECTOR) {
      forwardMultiply4(second + v, 0, 0, b + v, true, false);
      forwardMultiply4(first + v, 0, second + v, a + v, false, false);
    }
    inverse4(first);
    first += 4 * POINT;
    second += 4 * POINT;
    a += 4 * POINT;
    b += 4 * POINT;
  }
}
