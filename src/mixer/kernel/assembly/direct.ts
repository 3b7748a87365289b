import { LINE, VECTOR } from './layout';

/**
 * A tile by its definition: `outputs[o] += sum over j < side of inputs[j] * taps[side + o - j]`.
 *
 * `inputs`, `outputs` and `taps` are lines `[time][16]` of the first group; further groups follow at the given
 * strides in bytes. `count` <= side is the number of outputs (the last tiles of a run are clipped).
 */
export function directTile(
  inputs: usize,
  outputs: usize,
  stride: usize,
  taps: usize,
  tapStride: usize,
  groups: u32,
  side: u32,
  count: u32,
): void {
  for (let g: u32 = 0; g < groups; g++) {
    for (let c: usize = 0; c < LINE; c += VECTOR)
      directVector(inputs + c, outputs + c, taps + c, side, count);
    inputs += stride;
    outputs += stride;
    taps += tapStride;
  }
}

/** The tile in one vector of 4 channels. */
function directVector(inputs: usize, outputs: usize, taps: usize, side: u32, count: u32): void {
  let o: u32 = 0;
  if (side >= 4)
    for (; o + 4 <= count; o += 4) fourOutputs(inputs, outputs + o * LINE, taps + (side + o) * LINE, side);
  for (; o < count; o++) oneOutput(inputs, outputs + o * LINE, taps + (side + o) * LINE, side);
}

/** `output += sum over j of inputs[j] * tap[-j]`. */
function oneOutput(inputs: usize, output: usize, tap: usize, side: u32): void {
  let sum = f32x4.splat(0);
  for (; side > 0; side--) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(inputs), v128.load(tap)));
    inputs += LINE;
    tap -= LINE;
  }
  v128.store(output, f32x4.add(v128.load(output), sum));
}

/**
 * Four outputs at once. Each round takes 4 inputs and the 7 taps that lie between any of them and any of the
 * outputs: 11 loads for 16 multiply-adds, all within the 16 vector registers.
 */
function fourOutputs(inputs: usize, outputs: usize, tap: usize, side: u32): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; side > 0; side -= 4) {
    const base = tap - 3 * LINE;
    const x0 = v128.load(inputs, 0);
    const x1 = v128.load(inputs, 64);
    const x2 = v128.load(inputs, 128);
    const x3 = v128.load(inputs, 192);
    let h = v128.load(base, 0);
    s0 = f32x4.add(s0, f32x4.mul(x3, h));
    h = v128.load(base, 64);
    s0 = f32x4.add(s0, f32x4.mul(x2, h));
    s1 = f32x4.add(s1, f32x4.mul(x3, h));
    h = v128.load(base, 128);
    s0 = f32x4.add(s0, f32x4.mul(x1, h));
    s1 = f32x4.add(s1, f32x4.mul(x2, h));
    s2 = f32x4.add(s2, f32x4.mul(x3, h));
    h = v128.load(base, 192);
    s0 = f32x4.add(s0, f32x4.mul(x0, h));
    s1 = f32x4.add(s1, f32x4.mul(x1, h));
    s2 = f32x4.add(s2, f32x4.mul(x2, h));
    s3 = f32x4.add(s3, f32x4.mul(x3, h));
    h = v128.load(base, 256);
    s1 = f32x4.add(s1, f32x4.mul(x0, h));
    s2 = f32x4.add(s2, f32x4.mul(x1, h));
    s3 = f32x4.add(s3, f32x4.mul(x2, h));
    h = v128.load(base, 320);
    s2 = f32x4.add(s2, f32x4.mul(x0, h));
    s3 = f32x4.add(s3, f32x4.mul(x1, h));
    h = v128.load(base, 384);
    s3 = f32x4.add(s3, f32x4.mul(x0, h));
    inputs += 4 * LINE;
    tap -= 4 * LINE;
  }
  v128.store(outputs, f32x4.add(v128.load(outputs, 0), s0), 0);
  v128.store(outputs, f32x4.add(v128.load(outputs, 64), s1), 64);
  v128.store(outputs, f32x4.add(v128.load(outputs, 128), s2), 128);
  v128.store(outputs, f32x4.add(v128.load(outputs, 192), s3), 192);
}
