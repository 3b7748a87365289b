/** Products of many spectra, summed where they meet: a block's outputs from all blocks before it. */
import { imaginary, real } from '../../../webassembly/assembly/fused';
import { IMAGINARY, POINT, VECTOR } from './layout';

/** A point at a time: with spectra a power of two apart, its lines fall into one set of the cache, and are met once. */
export function sumProducts(
  points: usize,
  n: usize,
  spectra: usize,
  filter: usize,
  size: usize,
  count: usize,
): void {
  filter += (count - 1) * size;
  for (const end = points + n * POINT; points < end; points += POINT) {
    let real0 = f32x4.splat(0);
    let imaginary0 = f32x4.splat(0);
    let real1 = f32x4.splat(0);
    let imaginary1 = f32x4.splat(0);
    let h = filter;
    for (let x = spectra, past = spectra + count * size; x < past; x += size) {
      let xr = v128.load(x);
      let xi = v128.load(x, IMAGINARY);
      let hr = v128.load(h);
      let hi = v128.load(h, IMAGINARY);
      real0 = real(real0, xr, hr, xi, hi);
      imaginary0 = imaginary(imaginary0, xr, hr, xi, hi);
      xr = v128.load(x, VECTOR);
      xi = v128.load(x, IMAGINARY + VECTOR);
      hr = v128.load(h, VECTOR);
      hi = v128.load(h, IMAGINARY + VECTOR);
      real1 = real(real1, xr, hr, xi, hi);
      imaginary1 = imaginary(imaginary1, xr, hr, xi, hi);
      h -= size;
    }
    v128.store(points, real0);
    v128.store(points, real1, VECTOR);
    v128.store(points, imaginary0, IMAGINARY);
    v128.store(points, imaginary1, IMAGINARY + VECTOR);
    spectra += POINT;
    filter += POINT;
  }
}
