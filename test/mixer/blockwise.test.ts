import { blockRows, BlockwiseConvolver, longestSequence } from '../../src/mixer/index.js';
import { mixerGate, Random, relL2 } from '../support/mixing.js';

const WIDTH = 19;

/** z by definition, float64, `[time, D]`. */
function direct(inputs: Float32Array, taps: Float32Array, rows: number) {
  const out = new Float64Array(rows * WIDTH);
  for (let t = 0; t < rows; t++) {
    for (let i = 0; i <= t; i++) {
      for (let c = 0; c < WIDTH; c++) out[t * WIDTH + c] += inputs[i * WIDTH + c] * taps[(t - i) * WIDTH + c];
    }
  }
  return out;
}

const make = (length: number, keep: boolean): BlockwiseConvolver =>
  new BlockwiseConvolver({
    width: WIDTH,
    convolutions: 2,
    block: 64,
    length,
    keepFilters: keep,
    keepInputs: keep,
  });

test('blocks are powers of two, sixteen of them at most', () => {
  for (const length of [1, 64, 65, 4096, 4097, 1_000_000]) {
    const block = blockRows(length);
    expect(Math.log2(block) % 1).toBe(0);
    expect(Math.ceil(length / block)).toBeLessThanOrEqual(16);
    expect(blockRows(longestSequence(block))).toBe(block);
    expect(longestSequence(block)).toBeGreaterThanOrEqual(length);
  }
});

test.each([1, 63, 64, 65, 200, 640])('%i rows against the definition, filters kept or not', (rows) => {
  const random = new Random(rows);
  const taps = random.floats(640 * WIDTH);
  const kept = make(640, true);
  // A shorter one first, and another convolution: what is kept must grow, and not mix.
  kept.convolve(0, random.floats(50 * WIDTH), 0, 50, taps);
  kept.convolve(1, random.floats(640 * WIDTH), 0, 640, random.floats(640 * WIDTH));
  for (const convolver of [kept, make(rows, false)]) {
    const inputs = random.floats(rows * WIDTH);
    const outputs = inputs.slice();
    convolver.convolve(0, outputs, 0, rows, taps);
    expect(relL2(outputs, direct(inputs, taps, rows))).toBeLessThanOrEqual(mixerGate(rows));
  }
  expect(kept.tapsNeeded(0, rows)).toBe(0);
});

test('what follows a block changes no bit of it, and a sequence goes on from the blocks it shares', () => {
  const random = new Random(5);
  const taps = random.floats(320 * WIDTH);
  const one = random.floats(320 * WIDTH);
  const two = random.floats(300 * WIDTH);
  two.set(one.subarray(0, 140 * WIDTH));
  const alone = [one, two].map((inputs) => {
    const outputs = inputs.slice();
    make(320, false).convolve(0, outputs, 0, inputs.length / WIDTH, taps);
    return outputs;
  });
  expect(alone[1].subarray(0, 128 * WIDTH)).toEqual(alone[0].subarray(0, 128 * WIDTH));

  const convolver = make(320, true);
  convolver.convolve(0, one.slice(), 0, 320, taps);
  const rest = two.slice(128 * WIDTH);
  convolver.convolve(0, rest, 128, 300, taps);
  expect(rest).toEqual(alone[1].subarray(128 * WIDTH));
});
