/**
 * Negacyclic convolution of 2n reals by complex transforms of n points (the right-angle trick).
 *
 * Polynomials modulo x^2n + 1 are, with x^n = i, complex polynomials modulo x^n - i; and substituting
 * x = w y, w = exp(i pi / 2n), turns those into polynomials modulo y^n - 1: a cyclic convolution. So
 * `z[j] = (a[j] + i a[j + n]) w^j` is transformed, multiplied, transformed back, and `z[j] w^-j` has the result's
 * lower half in its real and its upper half in its imaginary parts.
 *
 * The twist is folded into the outermost radix-4 pass. There the four inputs of a butterfly are j, j + n/4,
 * j + n/2, j + 3n/4, whose twists are w^j times the constants exp(i pi k / 8); w^j joins the twiddles. Twisted
 * tables: for size n, n/4 entries `[w^j, w^j W^j, w^j W^2j, w^j W^-j]`, W = exp(-2 pi i / n).
 */
import { madd, msub } from '../../../webassembly/assembly/fused';
import { IMAGINARY, LINE, POINT, VECTOR } from './layout';
import { storeProduct } from './passes';
import { convolve, convolveAll, keptOf } from './products';
import { forward } from './transform';

const COS: f32 = 0.9238795325112867; // cos(pi / 8)
const SIN: f32 = 0.3826834323650898; // sin(pi / 8)
const ROOT: f32 = 0.7071067811865476; // sqrt(1/2)

/** Bytes per entry: four complex numbers. */
const ENTRY: usize = 32;

// @inline
function tableOf(tables: usize, q: usize): usize {
  return tables + ENTRY * (q - 1);
}

/**
 * The first pass of real inputs whose upper half is zero: n = 4 q lines to n points for each half of their channels, `half`
 * bytes apart. Both at once, so that lines come from memory once. Of the pass's q butterflies, those `from` <= j < `to`, each of
 * which takes lines j, j + q, j + 2 q and j + 3 q.
 */
export function twistRows(
  rows: usize,
  points: usize,
  half: usize,
  q: usize,
  tables: usize,
  from: usize,
  to: usize,
): void {
  const rowQuarter = q * LINE;
  const quarter = q * POINT;
  const cos = f32x4.splat(COS);
  const sin = f32x4.splat(SIN);
  const root = f32x4.splat(ROOT);
  let entry = tableOf(tables, q) + from * ENTRY;
  points += from * POINT;
  rows += from * LINE;
  for (const end = rows + (to - from) * LINE; rows < end; rows += LINE) {
    for (let v: usize = 0; v < LINE; v += VECTOR) {
      const row = rows + v;
      const p = pointOf(points, v, half);
      const x0 = v128.load(row);
      const x1 = v128.load(row + rowQuarter);
      const x2 = f32x4.mul(v128.load(row + 2 * rowQuarter), root);
      const x3 = v128.load(row + 3 * rowQuarter);
      const x1c = f32x4.mul(x1, cos);
      const x1s = f32x4.mul(x1, sin);
      const cr = madd(x1c, x3, sin);
      const ci = madd(x1s, x3, cos);
      const er = msub(x1c, x3, sin);
      const ei = msub(x1s, x3, cos);
      const ar = f32x4.add(x0, x2);
      const br = f32x4.sub(x0, x2);
      // b.im = -x2
      storeTwisted(
        p,
        quarter,
        entry,
        f32x4.add(ar, cr),
        f32x4.add(x2, ci),
        f32x4.add(br, ei),
        f32x4.neg(f32x4.add(x2, er)),
        f32x4.sub(ar, cr),
        f32x4.sub(x2, ci),
        f32x4.sub(br, ei),
        f32x4.sub(er, x2),
      );
    }
    points += POINT;
    entry += ENTRY;
  }
}

/** The same for inputs with both halves: lines j are the real, lines n + j the imaginary parts. */
export function twistTaps(
  rows: usize,
  points: usize,
  half: usize,
  q: usize,
  tables: usize,
  from: usize,
  to: usize,
): void {
  const rowQuarter = q * LINE;
  const quarter = q * POINT;
  const cos = f32x4.splat(COS);
  const sin = f32x4.splat(SIN);
  const root = f32x4.splat(ROOT);
  let entry = tableOf(tables, q) + from * ENTRY;
  points += from * POINT;
  rows += from * LINE;
  for (const end = rows + (to - from) * LINE; rows < end; rows += LINE) {
    for (let v: usize = 0; v < LINE; v += VECTOR) {
      const low = rows + v;
      const high = low + 4 * rowQuarter;
      const p = pointOf(points, v, half);
      const x0r = v128.load(low);
      const x0i = v128.load(high);
      let r = v128.load(low + rowQuarter);
      let s = v128.load(high + rowQuarter);
      const x1r = msub(f32x4.mul(r, cos), s, sin);
      const x1i = madd(f32x4.mul(r, sin), s, cos);
      r = v128.load(low + 2 * rowQuarter);
      s = v128.load(high + 2 * rowQuarter);
      const x2r = f32x4.mul(root, f32x4.sub(r, s));
      const x2i = f32x4.mul(root, f32x4.add(r, s));
      r = v128.load(low + 3 * rowQuarter);
      s = v128.load(high + 3 * rowQuarter);
      const x3r = msub(f32x4.mul(r, sin), s, cos);
      const x3i = madd(f32x4.mul(r, cos), s, sin);
      const ar = f32x4.add(x0r, x2r);
      const ai = f32x4.add(x0i, x2i);
      const br = f32x4.sub(x0r, x2r);
      const bi = f32x4.sub(x0i, x2i);
      const cr = f32x4.add(x1r, x3r);
      const ci = f32x4.add(x1i, x3i);
      const er = f32x4.sub(x1r, x3r);
      const ei = f32x4.sub(x1i, x3i);
      storeTwisted(
        p,
        quarter,
        entry,
        f32x4.add(ar, cr),
        f32x4.add(ai, ci),
        f32x4.add(br, ei),
        f32x4.sub(bi, er),
        f32x4.sub(ar, cr),
        f32x4.sub(ai, ci),
        f32x4.sub(br, ei),
        f32x4.add(bi, er),
      );
    }
    points += POINT;
    entry += ENTRY;
  }
}

/** Stores a butterfly's results, quarter by quarter, times the complex numbers of the table's entry. */
// @inline
function storeTwisted(
  p: usize,
  quarter: usize,
  entry: usize,
  r0: v128,
  i0: v128,
  r1: v128,
  i1: v128,
  r2: v128,
  i2: v128,
  r3: v128,
  i3: v128,
): void {
  storeProduct(p, r0, i0, v128.load32_splat(entry, 0), v128.load32_splat(entry, 4));
  storeProduct(p + quarter, r1, i1, v128.load32_splat(entry, 8), v128.load32_splat(entry, 12));
  storeProduct(p + 2 * quarter, r2, i2, v128.load32_splat(entry, 16), v128.load32_splat(entry, 20));
  storeProduct(p + 3 * quarter, r3, i3, v128.load32_splat(entry, 24), v128.load32_splat(entry, 28));
}

/** Where vector `v` of a line has its points. */
// @inline
function pointOf(points: usize, v: usize, half: usize): usize {
  return points + (v & VECTOR) + (v & IMAGINARY ? half : 0);
}

/** `row += value`. */
// @inline
function accumulate(row: usize, value: v128): void {
  v128.store(row, f32x4.add(v128.load(row), value));
}

/**
 * The last pass: n = 4 q points to the upper (imaginary) or lower (real) half of the result, added to `count`
 * rows. The points stay as they are, so both halves can be had one after the other.
 */
// @inline
function untwist(
  points: usize,
  half: usize,
  rows: usize,
  count: usize,
  q: usize,
  tables: usize,
  upper: bool,
  clipped: bool,
): void {
  const rowQuarter = q * LINE;
  const quarter = q * POINT;
  const cos = f32x4.splat(COS);
  const sin = f32x4.splat(SIN);
  const root = f32x4.splat(ROOT);
  let entry = tableOf(tables, q);
  // Rows past `count` belong to someone else. Row numbers are compared, not addresses, which could wrap.
  const first = clipped ? min(q, count) : q;
  for (let j: usize = 0; j < first; j++) {
    for (let v: usize = 0; v < LINE; v += VECTOR) {
      const row = rows + v;
      const p = pointOf(points, v, half);
      let wr = v128.load32_splat(entry, 0);
      let wi = v128.load32_splat(entry, 4);
      let yr = v128.load(p);
      let yi = v128.load(p, IMAGINARY);
      const t0r = madd(f32x4.mul(yr, wr), yi, wi);
      const t0i = msub(f32x4.mul(yi, wr), yr, wi);
      wr = v128.load32_splat(entry, 16);
      wi = v128.load32_splat(entry, 20);
      yr = v128.load(p + 2 * quarter);
      yi = v128.load(p + 2 * quarter, IMAGINARY);
      const t2r = madd(f32x4.mul(yr, wr), yi, wi);
      const t2i = msub(f32x4.mul(yi, wr), yr, wi);
      const ar = f32x4.add(t0r, t2r);
      const ai = f32x4.add(t0i, t2i);
      const br = f32x4.sub(t0r, t2r);
      const bi = f32x4.sub(t0i, t2i);
      wr = v128.load32_splat(entry, 8);
      wi = v128.load32_splat(entry, 12);
      yr = v128.load(p + quarter);
      yi = v128.load(p + quarter, IMAGINARY);
      const t1r = madd(f32x4.mul(yr, wr), yi, wi);
      const t1i = msub(f32x4.mul(yi, wr), yr, wi);
      wr = v128.load32_splat(entry, 24);
      wi = v128.load32_splat(entry, 28);
      yr = v128.load(p + 3 * quarter);
      yi = v128.load(p + 3 * quarter, IMAGINARY);
      const t3r = madd(f32x4.mul(yr, wr), yi, wi);
      const t3i = msub(f32x4.mul(yi, wr), yr, wi);
      const cr = f32x4.add(t1r, t3r);
      const ci = f32x4.add(t1i, t3i);
      const er = f32x4.sub(t1r, t3r);
      const ei = f32x4.sub(t1i, t3i);
      const x1r = f32x4.sub(br, ei);
      const x1i = f32x4.add(bi, er);
      const x2r = f32x4.sub(ar, cr);
      const x2i = f32x4.sub(ai, ci);
      const x3r = f32x4.add(br, ei);
      const x3i = f32x4.sub(bi, er);
      // times exp(-i pi k / 8): the part that is wanted
      if (upper) {
        accumulate(row, f32x4.add(ai, ci));
        if (!clipped || j + q < count) accumulate(row + rowQuarter, msub(f32x4.mul(x1i, cos), x1r, sin));
        if (!clipped || j + 2 * q < count)
          accumulate(row + 2 * rowQuarter, f32x4.mul(root, f32x4.sub(x2i, x2r)));
        if (!clipped || j + 3 * q < count)
          accumulate(row + 3 * rowQuarter, msub(f32x4.mul(x3i, sin), x3r, cos));
      } else {
        accumulate(row, f32x4.add(ar, cr));
        if (!clipped || j + q < count) accumulate(row + rowQuarter, madd(f32x4.mul(x1r, cos), x1i, sin));
        if (!clipped || j + 2 * q < count)
          accumulate(row + 2 * rowQuarter, f32x4.mul(root, f32x4.add(x2i, x2r)));
        if (!clipped || j + 3 * q < count)
          accumulate(row + 3 * rowQuarter, madd(f32x4.mul(x3r, sin), x3i, cos));
      }
    }
    rows += LINE;
    points += POINT;
    entry += ENTRY;
  }
}

function untwistUpper(points: usize, half: usize, rows: usize, count: usize, q: usize, tables: usize): void {
  untwist(points, half, rows, count, q, tables, true, false);
}

function untwistUpperClipped(
  points: usize,
  half: usize,
  rows: usize,
  count: usize,
  q: usize,
  tables: usize,
): void {
  untwist(points, half, rows, count, q, tables, true, true);
}

function untwistLower(points: usize, half: usize, rows: usize, count: usize, q: usize, tables: usize): void {
  untwist(points, half, rows, count, q, tables, false, true);
}

/**
 * The spectra of 2n lines of filter taps, scaled by 1/n so that the inverse needs no scaling: n points for each half of the
 * channels, `half` bytes apart, in the order of the passes. n >= 16.
 */
export function spectrum(
  taps: usize,
  points: usize,
  half: usize,
  n: usize,
  twisted: usize,
  twiddles: usize,
): void {
  const q = n >> 2;
  twistTaps(taps, points, half, q, twisted, 0, q);
  for (let h: usize = 0; h < 2; h++) {
    for (let k: usize = 0; k < 4; k++) spectrumQuarter(points + k * q * POINT, q, twiddles);
    points += half;
  }
}

/** What comes after the first pass in one quarter of one half of the channels, q points. */
export function spectrumQuarter(points: usize, q: usize, twiddles: usize): void {
  forward(points, q, twiddles);
  const n = 4 * q;
  const scale = f32x4.splat(<f32>1 / <f32>n);
  for (let p = points, end = points + q * POINT; p < end; p += VECTOR) {
    v128.store(p, f32x4.mul(v128.load(p), scale));
  }
}

/** The passes after the first, in both halves of the channels. */
function forwardQuarters(points: usize, half: usize, q: usize, twiddles: usize): void {
  for (let h: usize = 0; h < 2; h++) {
    for (let k: usize = 0; k < 4; k++) forward(points + k * q * POINT, q, twiddles);
    points += half;
  }
}

/** The spectra of n lines, the upper half of 2n being zero: n points for each half of the channels, `half` bytes apart. */
export function transformRows(
  rows: usize,
  points: usize,
  half: usize,
  n: usize,
  twisted: usize,
  twiddles: usize,
): void {
  const q = n >> 2;
  twistRows(rows, points, half, q, twisted, 0, q);
  forwardQuarters(points, half, q, twiddles);
}

/** Adds outputs 0 .. count - 1 of the negacyclic convolution to `rows`. count <= n. */
export function addLower(points: usize, rows: usize, count: usize, n: usize, twisted: usize): void {
  untwistLower(points, n * POINT, rows, count, n >> 2, twisted);
}

/** Adds outputs n .. n + count - 1, the ones a tile wants, to `rows`. count <= n. */
export function addUpper(points: usize, rows: usize, count: usize, n: usize, twisted: usize): void {
  if (count == n) untwistUpper(points, n * POINT, rows, count, n >> 2, twisted);
  else untwistUpperClipped(points, n * POINT, rows, count, n >> 2, twisted);
}

/** The convolution of n lines with 2n taps, left twisted in `points`, `[half][n]`, for the two functions above. */
export function convolveRows(
  rows: usize,
  points: usize,
  n: usize,
  filter: usize,
  twisted: usize,
  twiddles: usize,
): void {
  convolveChild(rows, points, n, 1, 2, 0, filter, n * POINT, twisted, twiddles);
}

/** A tile of n inputs in one group: `outputs[o] += sum over j of inputs[j] taps[n + o - j]`, o < count. */
export function fftTile(
  inputs: usize,
  outputs: usize,
  count: usize,
  n: usize,
  filter: usize,
  points: usize,
  twisted: usize,
  twiddles: usize,
): void {
  convolveRows(inputs, points, n, filter, twisted, twiddles);
  addUpper(points, outputs, count, n, twisted);
}

/**
 * One child's share of a fan-out tile, in one group: transforms `inputs`, the last of `known` children of n
 * rows, and adds what all of them contribute to the next one's outputs. Products are shared between children and
 * sums kept for later ones, in `kept`, `[half][keptOf(children)]` of n points; see products.ts. `filter` is
 * `[half][children - 1]`, filter[d - 1] the spectrum of taps (d - 1) n ... (d + 1) n - 1. Both are `size` bytes apart.
 */
export function fanTile(
  inputs: usize,
  outputs: usize,
  count: usize,
  n: usize,
  known: usize,
  children: usize,
  kept: usize,
  filter: usize,
  size: usize,
  points: usize,
  twisted: usize,
  twiddles: usize,
): void {
  convolveChild(inputs, points, n, known, children, kept, filter, size, twisted, twiddles);
  addUpper(points, outputs, count, n, twisted);
}

// @inline
function convolveChild(
  inputs: usize,
  points: usize,
  n: usize,
  known: usize,
  children: usize,
  kept: usize,
  filter: usize,
  size: usize,
  twisted: usize,
  twiddles: usize,
): void {
  const q = n >> 2;
  const quarter = q * POINT;
  twistRows(inputs, points, n * POINT, q, twisted, 0, q);
  for (let half: usize = 0; half < 2; half++) {
    for (let part: usize = 0; part < 4 * quarter; part += quarter) {
      convolve(points + part, q, kept + part, filter + part, size, known, children, twiddles);
    }
    points += 4 * quarter;
    kept += keptOf(children) * size;
    filter += (children - 1) * size;
  }
}

/**
 * A delayed tile, in one group: transforms `inputs`, the newest of `known` children of n rows, and adds what all of them
 * contribute to the outputs, of which the first is `known` n + `delay` positions after the block's first input. `kept`,
 * `[half][children - 1]`, has the spectra of the children before, and takes that of the newest; `filter`, `[half][children]`,
 * has in filter[d - 1] the spectrum of taps `delay` + (d - 1) n ... `delay` + (d + 1) n - 1. Both are `size` bytes apart.
 */
export function delayedTile(
  inputs: usize,
  outputs: usize,
  count: usize,
  n: usize,
  known: usize,
  children: usize,
  kept: usize,
  filter: usize,
  size: usize,
  points: usize,
  twisted: usize,
  twiddles: usize,
): void {
  const q = n >> 2;
  const quarter = q * POINT;
  twistRows(inputs, points, n * POINT, q, twisted, 0, q);
  for (let half: usize = 0; half < 2; half++) {
    const own = points + half * 4 * quarter;
    const spectra = kept + half * (children - 1) * size;
    const taps = filter + half * children * size;
    for (let part: usize = 0; part < 4 * quarter; part += quarter) {
      convolveAll(own + part, q, spectra + part, taps + part, size, known, children, twiddles);
    }
  }
  addUpper(points, outputs, count, n, twisted);
}
