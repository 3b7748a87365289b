import { madd } from '../../../webassembly/assembly/fused';
import { LINE } from './layout';

/** Copies one position, `[channel]`, into its lines: one per channel group, `stride` bytes apart. */
export function scatter(row: usize, lines: usize, stride: usize, groups: u32): void {
  for (let g: u32 = 0; g < groups; g++) {
    v128.store(lines, v128.load(row), 0);
    v128.store(lines, v128.load(row, 16), 16);
    v128.store(lines, v128.load(row, 32), 32);
    v128.store(lines, v128.load(row, 48), 48);
    row += LINE;
    lines += stride;
  }
}

/**
 * The pending sums of one position in every channel group: what its slot holds plus what the `count` positions
 * just before it contribute, `row = line + sum over 1 <= j <= count of line[-j] * taps[j]`. Copying and summing in
 * one pass: at so small a count, a kernel of its own would cost as much as the sums.
 */
export function pendingRow(
  line: usize,
  row: usize,
  stride: usize,
  taps: usize,
  tapStride: usize,
  groups: u32,
  count: u32,
): void {
  for (let g: u32 = 0; g < groups; g++) {
    let s0 = v128.load(line, 0);
    let s1 = v128.load(line, 16);
    let s2 = v128.load(line, 32);
    let s3 = v128.load(line, 48);
    let past = line;
    let tap = taps;
    for (let j = count; j > 0; j--) {
      past -= LINE;
      tap += LINE;
      s0 = madd(s0, v128.load(past, 0), v128.load(tap, 0));
      s1 = madd(s1, v128.load(past, 16), v128.load(tap, 16));
      s2 = madd(s2, v128.load(past, 32), v128.load(tap, 32));
      s3 = madd(s3, v128.load(past, 48), v128.load(tap, 48));
    }
    v128.store(row, s0, 0);
    v128.store(row, s1, 16);
    v128.store(row, s2, 32);
    v128.store(row, s3, 48);
    line += stride;
    row += LINE;
    taps += tapStride;
  }
}

/**
 * Both in one pass, for a position and the next one: `line` takes the row, and the row what is pending one line later, of which
 * `count` >= 1 positions, that of `line` the last of them, are summed here. The same bits as `scatter` and `pendingRow`.
 */
export function stepRow(
  line: usize,
  row: usize,
  stride: usize,
  taps: usize,
  tapStride: usize,
  groups: u32,
  count: u32,
): void {
  for (let g: u32 = 0; g < groups; g++) {
    const y0 = v128.load(row, 0);
    const y1 = v128.load(row, 16);
    const y2 = v128.load(row, 32);
    const y3 = v128.load(row, 48);
    v128.store(line, y0, 0);
    v128.store(line, y1, 16);
    v128.store(line, y2, 32);
    v128.store(line, y3, 48);
    let tap = taps + LINE;
    let s0 = madd(v128.load(line, 64), y0, v128.load(tap, 0));
    let s1 = madd(v128.load(line, 80), y1, v128.load(tap, 16));
    let s2 = madd(v128.load(line, 96), y2, v128.load(tap, 32));
    let s3 = madd(v128.load(line, 112), y3, v128.load(tap, 48));
    let past = line;
    for (let j = count; j > 1; j--) {
      past -= LINE;
      tap += LINE;
      s0 = madd(s0, v128.load(past, 0), v128.load(tap, 0));
      s1 = madd(s1, v128.load(past, 16), v128.load(tap, 16));
      s2 = madd(s2, v128.load(past, 32), v128.load(tap, 32));
      s3 = madd(s3, v128.load(past, 48), v128.load(tap, 48));
    }
    v128.store(row, s0, 0);
    v128.store(row, s1, 16);
    v128.store(row, s2, 32);
    v128.store(row, s3, 48);
    line += stride;
    row += LINE;
    taps += tapStride;
  }
}

/** Makes `rows` lines of each group 0. */
export function clearLines(lines: usize, stride: usize, groups: u32, rows: u32): void {
  const zero = f32x4.splat(0);
  for (let g: u32 = 0; g < groups; g++) {
    let line = lines;
    for (let r: u32 = 0; r < rows; r++) {
      v128.store(line, zero, 0);
      v128.store(line, zero, 16);
      v128.store(line, zero, 32);
      v128.store(line, zero, 48);
      line += LINE;
    }
    lines += stride;
  }
}

/** The products of a position's inputs with tap 0, all lines of a row: `row += y * taps`. */
export function addProducts(row: usize, y: usize, taps: usize, lines: u32): void {
  for (let vectors = lines << 2; vectors > 0; vectors--) {
    v128.store(row, madd(v128.load(row), v128.load(y), v128.load(taps)));
    row += 16;
    y += 16;
    taps += 16;
  }
}
