import { madd } from '../../../webassembly/assembly/fused';
import { BLOCK, LINE, VECTOR } from './layout';

/**
 * A tile by its definition: `outputs[o] += sum over j < rows of inputs[j] * taps[rows + o - j]`, o < count.
 *
 * `inputs`, `outputs` and `taps` are lines `[time][16]` of the first group; further groups follow at the given
 * strides in bytes. Four outputs are summed at once, also where the tile is clipped within them: a sum does not depend on
 * where the tile ends.
 */
export function directTile(
  inputs: usize,
  outputs: usize,
  stride: usize,
  taps: usize,
  tapStride: usize,
  groups: u32,
  rows: u32,
  count: u32,
): void {
  for (let g: u32 = 0; g < groups; g++) {
    if (rows & 3) {
      for (let o: u32 = 0; o < count; o++)
        oneOutput(inputs, outputs + o * LINE, taps + (rows + o) * LINE, rows);
    } else {
      for (let c: usize = 0; c < LINE; c += VECTOR) {
        for (let o: u32 = 0; o < count; o += 4) {
          const tap = taps + c + (rows + o) * LINE;
          fourOutputs(inputs + c, outputs + c + o * LINE, tap, rows, count - o);
        }
      }
    }
    inputs += stride;
    outputs += stride;
    taps += tapStride;
  }
}

/** One output of all 16 channels: `output += sum over j of inputs[j] * tap[-j]`. */
// @inline
function oneOutput(inputs: usize, output: usize, tap: usize, rows: u32): void {
  while (rows > 0) {
    const block = min(rows, BLOCK);
    rows -= block;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let j = block; j > 0; j--) {
      s0 = madd(s0, v128.load(inputs, 0), v128.load(tap, 0));
      s1 = madd(s1, v128.load(inputs, 16), v128.load(tap, 16));
      s2 = madd(s2, v128.load(inputs, 32), v128.load(tap, 32));
      s3 = madd(s3, v128.load(inputs, 48), v128.load(tap, 48));
      inputs += LINE;
      tap -= LINE;
    }
    v128.store(output, f32x4.add(v128.load(output, 0), s0), 0);
    v128.store(output, f32x4.add(v128.load(output, 16), s1), 16);
    v128.store(output, f32x4.add(v128.load(output, 32), s2), 32);
    v128.store(output, f32x4.add(v128.load(output, 48), s3), 48);
  }
}

/**
 * Four outputs at once, of which the first `wanted` are stored. Each round takes 4 inputs and the 7 taps that lie between
 * any of them and any of the outputs: 11 loads for 16 multiply-adds, all within the 16 vector registers.
 */
// @inline
function fourOutputs(inputs: usize, outputs: usize, tap: usize, rows: u32, wanted: u32): void {
  while (rows > 0) {
    const block = min(rows, BLOCK);
    rows -= block;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let j = block; j > 0; j -= 4) {
      const base = tap - 3 * LINE;
      const x0 = v128.load(inputs, 0);
      const x1 = v128.load(inputs, 64);
      const x2 = v128.load(inputs, 128);
      const x3 = v128.load(inputs, 192);
      let h = v128.load(base, 0);
      s0 = madd(s0, x3, h);
      h = v128.load(base, 64);
      s0 = madd(s0, x2, h);
      s1 = madd(s1, x3, h);
      h = v128.load(base, 128);
      s0 = madd(s0, x1, h);
      s1 = madd(s1, x2, h);
      s2 = madd(s2, x3, h);
      h = v128.load(base, 192);
      s0 = madd(s0, x0, h);
      s1 = madd(s1, x1, h);
      s2 = madd(s2, x2, h);
      s3 = madd(s3, x3, h);
      h = v128.load(base, 256);
      s1 = madd(s1, x0, h);
      s2 = madd(s2, x1, h);
      s3 = madd(s3, x2, h);
      h = v128.load(base, 320);
      s2 = madd(s2, x0, h);
      s3 = madd(s3, x1, h);
      h = v128.load(base, 384);
      s3 = madd(s3, x0, h);
      inputs += 4 * LINE;
      tap -= 4 * LINE;
    }
    v128.store(outputs, f32x4.add(v128.load(outputs, 0), s0), 0);
    if (wanted > 1) v128.store(outputs, f32x4.add(v128.load(outputs, 64), s1), 64);
    if (wanted > 2) v128.store(outputs, f32x4.add(v128.load(outputs, 128), s2), 128);
    if (wanted > 3) v128.store(outputs, f32x4.add(v128.load(outputs, 192), s3), 192);
  }
}
