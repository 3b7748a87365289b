import { convolveOffline, createMixer, OfflineConvolver, offlineBytesNeeded } from '../../src/mixer/index.js';
import { mixerGate, MIXERS, Random, relL2, runMixer } from '../support/mixing.js';

/** z by definition, float64, `[P + K, D]`. */
function direct(inputs: Float32Array, taps: Float32Array, width: number, prompt: number, total: number) {
  const out = new Float64Array(total * width);
  for (let t = 0; t < total; t++) {
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let i = Math.min(t, prompt - 1); i >= 0; i--)
        sum += inputs[i * width + c] * taps[(t - i) * width + c];
      out[t * width + c] = sum;
    }
  }
  return out;
}

test('the offline convolution against the definition, for random prompts', () => {
  const random = new Random(11);
  const cases: [number, number, number][] = [
    [1, 0, 1],
    [1, 1, 1],
    [1, 300, 2],
    [300, 0, 2],
    [256, 1, 1],
    [257, 1, 1],
    [4, 1, 33],
    [4, 2, 16],
  ];
  for (let k = 0; k < 40; k++) cases.push([random.int(1, 300), random.int(0, 300), random.int(1, 35)]);
  for (const [prompt, ahead, width] of cases) {
    const total = prompt + ahead;
    const inputs = random.floats(prompt * width);
    const taps = random.floats(total * width);
    const outputs = new Float32Array(total * width).fill(NaN);
    convolveOffline({ width, prompt, ahead }, inputs, taps, outputs);
    expect(relL2(outputs, direct(inputs, taps, width, prompt, total))).toBeLessThanOrEqual(mixerGate(total));
  }
});

test('a convolver forgets one convolution before the next', () => {
  const random = new Random(12);
  const shape = { width: 3, prompt: 50, ahead: 20 };
  const convolver = new OfflineConvolver(shape);
  const outputs = new Float32Array(210);
  convolver.convolve(random.floats(150).fill(NaN), random.floats(210).fill(Infinity), outputs);
  const inputs = random.floats(150);
  const taps = random.floats(210);
  convolver.convolve(inputs, taps, outputs);
  expect(relL2(outputs, direct(inputs, taps, 3, 50, 70))).toBeLessThanOrEqual(mixerGate(70));
});

test.each(MIXERS)('a prompt followed by a fresh %s mixer equals one long run', async (name) => {
  const random = new Random(13);
  for (const [prompt, ahead] of [
    [1, 1],
    [100, 37],
    [33, 200],
  ]) {
    const width = 5;
    const total = prompt + ahead;
    const y = random.floats(total * width);
    const taps = random.floats(total * width);
    const long = await createMixer({ name, shape: { convolutions: 1, width, length: total } });
    const whole = runMixer(long, { shape: long.shape, y: [y], taps: [taps], before: [] });
    const z = new Float32Array(total * width);
    convolveOffline({ width, prompt, ahead }, y.subarray(0, prompt * width), taps, z);
    const fresh = await createMixer({ name, shape: { convolutions: 1, width, length: ahead } });
    const rest = runMixer(fresh, {
      shape: fresh.shape,
      y: [y.subarray(prompt * width)],
      taps: [taps.slice(0, ahead * width)],
      before: [z.subarray(prompt * width)],
    });
    expect(relL2(rest, whole.subarray(prompt * width))).toBeLessThanOrEqual(2 * mixerGate(total));
    // The prompt's own outputs contain the tap at row 0, the mixer's pending sums do not.
    const own = Float64Array.from(
      whole.subarray(0, prompt * width),
      (sum, k) => sum + y[k] * taps[k % width],
    );
    expect(relL2(z.subarray(0, prompt * width), own)).toBeLessThanOrEqual(2 * mixerGate(total));
  }
});

test('refuses wrong sizes, and prompts that do not fit before allocating anything', () => {
  const one = new Float32Array(1);
  expect(() => convolveOffline({ width: 1, prompt: 0, ahead: 1 }, one, one, one)).toThrow(/prompt: expected/);
  expect(() => convolveOffline({ width: 1, prompt: 1, ahead: -1 }, one, one, one)).toThrow(/ahead: expected/);
  expect(() => convolveOffline({ width: 2, prompt: 1, ahead: 0 }, one, one, one)).toThrow(
    /inputs: expected 2/,
  );
  expect(() => convolveOffline({ width: 1, prompt: 1, ahead: 1 }, one, one, one)).toThrow(/taps: expected 2/);
  expect(() => offlineBytesNeeded({ width: 1, prompt: 2 ** 25, ahead: 0 })).toThrow(/GiB/);
  expect(offlineBytesNeeded({ width: 256, prompt: 65536, ahead: 65536 })).toBeLessThan(80e6);
});
