import { madd } from '../../../webassembly/assembly/fused';
import { LINE } from './layout';

// @inline
function mulAdd(sum: v128, a: usize, b: usize, at: usize): v128 {
  return madd(sum, v128.load(a + at), v128.load(b + at));
}

// @inline
function addTo(to: usize, at: usize, sum: v128): void {
  v128.store(to + at, f32x4.add(v128.load(to + at), sum));
}

/**
 * The lazy sums of `groups` groups: each group's line `total += sum over r of past[r] * taps[r]`, with the taps stored newest
 * last so that both streams ascend. Groups are `stride` bytes apart, their totals follow each other.
 *
 * Groups take turns: what is prefetched for the next while one is summed makes two of them a third faster than one after the
 * other. Each is summed in the same order, however many there are.
 */
export function dot(past: usize, taps: usize, stride: usize, groups: u32, rows: u32, total: usize): void {
  while (rows > 0) {
    const turn = min(rows, TURN);
    rows -= turn;
    for (let g: u32 = 0; g < groups; g++)
      dotTurn(past + g * stride, taps + g * stride, turn, total + g * LINE);
    past += turn * LINE;
    taps += turn * LINE;
  }
}

/** Rows of a turn: a page of each stream. */
const TURN: u32 = 64;

// @inline
function dotTurn(past: usize, taps: usize, rows: u32, total: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  for (; rows > 0; rows--) {
    a0 = mulAdd(a0, past, taps, 0);
    a1 = mulAdd(a1, past, taps, 16);
    a2 = mulAdd(a2, past, taps, 32);
    a3 = mulAdd(a3, past, taps, 48);
    past += LINE;
    taps += LINE;
  }
  addTo(total, 0, a0);
  addTo(total, 16, a1);
  addTo(total, 32, a2);
  addTo(total, 48, a3);
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
