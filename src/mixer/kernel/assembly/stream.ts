import { madd } from './fused';
import { BLOCK, LINE } from './layout';

// @inline
function mulAdd(sum: v128, a: usize, b: usize, at: usize): v128 {
  return madd(sum, v128.load(a + at), v128.load(b + at));
}

// @inline
function addTo(to: usize, at: usize, sum: v128): void {
  v128.store(to + at, f32x4.add(v128.load(to + at), sum));
}

/**
 * The lazy sum of one group: `total += sum over r of past[r] * taps[r]`, with the taps stored newest last so
 * that both streams ascend. `total` is one line.
 */
export function dot(past: usize, taps: usize, rows: u32, total: usize): void {
  while (rows > 0) {
    const block = min(rows, BLOCK);
    rows -= block;
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    for (let pairs = block >> 1; pairs > 0; pairs--) {
      a0 = mulAdd(a0, past, taps, 0);
      a1 = mulAdd(a1, past, taps, 16);
      a2 = mulAdd(a2, past, taps, 32);
      a3 = mulAdd(a3, past, taps, 48);
      b0 = mulAdd(b0, past, taps, 64);
      b1 = mulAdd(b1, past, taps, 80);
      b2 = mulAdd(b2, past, taps, 96);
      b3 = mulAdd(b3, past, taps, 112);
      past += 2 * LINE;
      taps += 2 * LINE;
    }
    if (block & 1) {
      a0 = mulAdd(a0, past, taps, 0);
      a1 = mulAdd(a1, past, taps, 16);
      a2 = mulAdd(a2, past, taps, 32);
      a3 = mulAdd(a3, past, taps, 48);
      past += LINE;
      taps += LINE;
    }
    addTo(total, 0, f32x4.add(a0, b0));
    addTo(total, 16, f32x4.add(a1, b1));
    addTo(total, 32, f32x4.add(a2, b2));
    addTo(total, 48, f32x4.add(a3, b3));
  }
}

/** Adds the lines of `streams` arrays of `rows` lines, which follow each other from `from` on, to the line `total`. */
export function readLines(from: usize, streams: u32, rows: u32, total: usize): void {
  const stride = rows * LINE;
  let a0 = v128.load(total, 0);
  let a1 = v128.load(total, 16);
  let a2 = v128.load(total, 32);
  let a3 = v128.load(total, 48);
  for (const end = from + stride; from < end; from += LINE) {
    let at = from;
    for (let stream = streams; stream > 0; stream--) {
      a0 = f32x4.add(a0, v128.load(at, 0));
      a1 = f32x4.add(a1, v128.load(at, 16));
      a2 = f32x4.add(a2, v128.load(at, 32));
      a3 = f32x4.add(a3, v128.load(at, 48));
      at += stride;
    }
  }
  v128.store(total, a0, 0);
  v128.store(total, a1, 16);
  v128.store(total, a2, 32);
  v128.store(total, a3, 48);
}

/** The eager step of one group: `sums[r] += y * taps[r]` for every later position. `y` is one line. */
export function spread(y: usize, taps: usize, sums: usize, rows: u32): void {
  const y0 = v128.load(y, 0);
  const y1 = v128.load(y, 16);
  const y2 = v128.load(y, 32);
  const y3 = v128.load(y, 48);
  for (; rows > 0; rows--) {
    v128.store(sums, madd(v128.load(sums), y0, v128.load(taps)), 0);
    v128.store(sums, madd(v128.load(sums, 16), y1, v128.load(taps, 16)), 16);
    v128.store(sums, madd(v128.load(sums, 32), y2, v128.load(taps, 32)), 32);
    v128.store(sums, madd(v128.load(sums, 48), y3, v128.load(taps, 48)), 48);
    sums += LINE;
    taps += LINE;
  }
}

/** Moves partial sums into the totals of one group: `totals[r] += partial[r]`, `partial[r] = 0`. */
export function flush(partial: usize, totals: usize, rows: u32): void {
  const zero = f32x4.splat(0);
  for (let vectors = rows << 2; vectors > 0; vectors--) {
    v128.store(totals, f32x4.add(v128.load(totals), v128.load(partial)));
    v128.store(partial, zero);
    partial += 16;
    totals += 16;
  }
}
