import { filterFeatures } from '../../src/hyena/features.js';
import { firstTap } from '../../src/hyena/first-tap.js';
import { openModel } from '../../src/model/index.js';
import { reference, removeTemporary, tinyBundle } from '../support/tiny-model.js';

afterAll(removeTemporary);

const dimensions = { features: 5, hidden: 16, shift: 0, time: 'linear' } as const;

test('linear time is Hyena’s', () => {
  const { features, times } = filterFeatures(dimensions, 1000, 0, 8);
  const t = 7;
  const w = (2 * Math.PI * t) / 1000;
  const expected = [t / 999, Math.cos(1e-4 * w), Math.cos(w), -Math.sin(1e-4 * w), -Math.sin(w)];
  expect([...features.subarray(5 * t)]).toEqual(expected.map(Math.fround));
  expect(times[t]).toBe(Math.fround(t / 999));
});

test('features of later lags are the same', () => {
  for (const time of ['linear', 'log'] as const) {
    const all = filterFeatures({ ...dimensions, time }, 1000, 0, 50);
    const some = filterFeatures({ ...dimensions, time }, 1000, 20, 30);
    expect(some.features).toEqual(all.features.slice(20 * 5, 30 * 5));
    expect(some.times).toEqual(all.times.slice(20, 30));
  }
});

test('log time spreads octaves evenly', () => {
  const { features } = filterFeatures({ ...dimensions, time: 'log' }, 1024, 0, 512);
  const position = (t: number): number => features[5 * t];
  expect(position(0)).toBe(0);
  expect(position(255) - position(127)).toBeCloseTo(position(511) - position(255), 6);
  expect(position(511)).toBeCloseTo(0.9, 6);
});

test('a single band has the lowest frequency alone', () => {
  const { features } = filterFeatures({ ...dimensions, features: 3 }, 10, 0, 2);
  expect([...features].every(Number.isFinite)).toBe(true);
});

test('tap 0 is the reference one, and row 0 of the taps', async () => {
  const model = await openModel(await tinyBundle('log'));
  const { width } = model.config.model;
  const { taps } = reference('log');
  for (let m = 0; m < model.convolutions; m++) {
    const first = await model.taps(m, 1);
    const wanted = taps.subarray(m * 64 * width, m * 64 * width + width);
    first.forEach((tap, c) => expect(tap).toBeCloseTo(wanted[c], 5));
  }
  await model.close();
});

test('tap 0 by hand', () => {
  // One hidden channel, all weights one: sin applied three times to 1 + 1 + 0 (time 0, cosine 1, sine 0).
  const one = (): Float32Array => new Float32Array([1]);
  const zero = (): Float32Array => new Float32Array([0]);
  const filter = {
    bias: () => new Float32Array([0.25]),
    hidden: [
      { weight: () => new Float32Array([1, 1, 1]), bias: one },
      { weight: one, bias: zero },
      { weight: one, bias: zero },
    ] as const,
    last: one,
    frequency: one,
    deltas: one,
  };
  const [tap] = firstTap({ features: 3, hidden: 1, shift: 0.5, time: 'linear' }, filter);
  expect(tap).toBe(Math.fround(1.5 * Math.sin(Math.sin(Math.sin(2))) + 0.25));
});
