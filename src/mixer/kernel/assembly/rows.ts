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

/** Copies the lines of one position back into a row, `[channel]`. */
export function gather(lines: usize, row: usize, stride: usize, groups: u32): void {
  for (let g: u32 = 0; g < groups; g++) {
    v128.store(row, v128.load(lines), 0);
    v128.store(row, v128.load(lines, 16), 16);
    v128.store(row, v128.load(lines, 32), 32);
    v128.store(row, v128.load(lines, 48), 48);
    row += LINE;
    lines += stride;
  }
}
