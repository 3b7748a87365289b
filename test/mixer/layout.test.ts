import { binaryPlan, bytesNeeded, createMixer, planFor, plansFor } from '../../src/mixer/index.js';
import { GROUP, groupsOf, LINE, strideLines, toLines } from '../../src/mixer/memory/blocks.js';
import { layoutConvolution, type ConvolutionLayout } from '../../src/mixer/memory/layout.js';
import { MIXERS } from '../support/mixing.js';

/** All arrays of a layout, as [first byte, byte after the last]. */
function arrays(layout: ConvolutionLayout): [number, number][] {
  const { groups, stride } = layout;
  const list: [number, number][] = [
    [layout.row, layout.row + groups * LINE],
    [layout.slots, layout.slots + groups * stride],
  ];
  if (layout.name !== 'tiled') list.push([layout.taps, layout.taps + groups * stride]);
  if (layout.name === 'eager') list.push([layout.partial, layout.partial + groups * stride]);
  if (layout.name === 'tiled') {
    const { twiddles, twisted, largest, taps, tapStride, tapRows, scratch, scratchBytes, levels } = layout;
    list.push([twiddles, twiddles + Math.max(0, 16 * (largest / 8 - 1))]);
    list.push([twisted, twisted + Math.max(0, 32 * (largest / 2 - 1))]);
    list.push([taps, taps + (tapStride > 0 ? groups * tapStride : tapRows * LINE)]);
    list.push([scratch, scratch + scratchBytes]);
    for (const { filter, filterStride, childSpectra, childSpectraStride } of levels) {
      list.push(
        [filter, filter + groups * filterStride],
        [childSpectra, childSpectra + groups * childSpectraStride],
      );
    }
  }
  return list;
}

test.each(MIXERS)('arrays of a %s convolution are aligned, disjoint and within its bytes', (name) => {
  for (const length of [1, 2, 3, 100, 4096, 2 ** 17 + 1]) {
    for (const width of [1, 16, 17, 1000]) {
      for (const threads of [1, 3]) {
        const layout = layoutConvolution(name, { convolutions: 1, width, length }, planFor(length), threads);
        const sorted = arrays(layout).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        let end = LINE;
        for (const [from, to] of sorted) {
          expect(from % LINE).toBe(0);
          expect(from).toBeGreaterThanOrEqual(end);
          end = to;
        }
        expect(end).toBeLessThanOrEqual(layout.bytes);
      }
    }
  }
});

test('layouts stay exact past 2^31 and 2^32 bytes', () => {
  const shape = { convolutions: 1, width: 256, length: 2 ** 20 };
  const layout = layoutConvolution('tiled', shape, binaryPlan(shape.length), 1);
  const top = Math.max(...arrays(layout).map(([, to]) => to));
  expect(top).toBeGreaterThan(2 ** 31);
  expect(top).toBeLessThanOrEqual(2 ** 32);
  const beyond = layoutConvolution('tiled', { ...shape, width: 4096 }, binaryPlan(shape.length), 1);
  const ratio = beyond.bytes / layout.bytes;
  expect(ratio).toBeGreaterThan(14);
  expect(ratio).toBeLessThan(16);
});

test('what does not fit is refused with the figures, before any of it is allocated', async () => {
  const shape = { convolutions: 1, width: 4096, length: 2 ** 20 };
  for (const name of MIXERS) {
    expect(() => bytesNeeded(shape, name)).toThrow(
      /needs \d+ bytes \(\d+\.\d\d GiB\), more than the 4\.00 GiB/,
    );
    await expect(createMixer({ name, shape })).rejects.toThrow(RangeError);
  }
  for (const broken of [
    { convolutions: 0 },
    { width: -1 },
    { length: 0.5 },
    { length: NaN },
    { length: 2 ** 40 },
  ]) {
    expect(() => bytesNeeded({ convolutions: 1, width: 1, length: 8, ...broken }, 'tiled')).toThrow(
      /expected a whole number/,
    );
  }
  await expect(createMixer({ name: 'tiled', shape: { ...shape, width: 1 }, threads: 0 })).rejects.toThrow(
    /threads/,
  );
  await expect(createMixer({ name: 'slow' as 'lazy', shape })).rejects.toThrow(/unknown mixer slow/);
});

test('bytes needed are the bytes held', async () => {
  for (const name of MIXERS) {
    for (const threads of [1, 2]) {
      const shape = { convolutions: 3, width: 20, length: 1000 };
      const mixer = await createMixer({ name, shape, threads });
      expect(mixer.bytes).toBe(bytesNeeded(shape, name, undefined, threads));
      await mixer.close();
    }
  }
});

test('with little memory a slower plan is taken, with less none', async () => {
  const shape = { convolutions: 2, width: 16, length: 131_072 };
  const fast = bytesNeeded(shape, 'tiled', plansFor(shape.length)[0]);
  const plans = plansFor(shape.length);
  const least = Math.min(...plans.map((plan) => bytesNeeded(shape, 'tiled', plan)));
  expect(least).toBe(bytesNeeded(shape, 'tiled', plans.at(-1)));
  expect(least).toBeLessThan(fast);
  for (const [memory, bytes] of [
    [Infinity, fast],
    [fast, fast],
    [least, least],
  ]) {
    const mixer = await createMixer({ name: 'tiled', shape, memory });
    expect(mixer.bytes).toBe(bytes);
    await mixer.close();
  }
  await expect(createMixer({ name: 'tiled', shape, memory: least - 1 })).rejects.toThrow(
    new RegExp(
      `needs at least ${least} bytes \\(0\\.\\d\\d GiB\\), more than the ${least - 1} bytes \\(.*\\) allowed`,
    ),
  );
  await expect(createMixer({ name: 'lazy', shape, memory: 1000 })).rejects.toThrow(/a lazy mixer of 2 x 16/);
  await expect(createMixer({ name: 'lazy', shape, memory: NaN })).rejects.toThrow(/memory: expected/);
});

test('strides spread groups over the cache sets without wasting lines', () => {
  for (const rows of [1, 31, 33, 64, 100, 131072]) {
    expect(strideLines(rows)).toBeGreaterThanOrEqual(rows);
    expect(strideLines(rows) - rows).toBeLessThan(64);
    expect(strideLines(rows) % 64).toBe(33);
  }
});

test('rows become lines, with missing channels 0', () => {
  const width = 18;
  const rows = Float32Array.from({ length: 3 * width }, (_, k) => k + 1);
  expect(groupsOf(width)).toBe(2);
  const lines = new Float32Array(4 * GROUP).fill(NaN);
  toLines(rows, width, 1, lines, GROUP, 2);
  expect([...lines.subarray(GROUP, GROUP + 3)]).toEqual([17, 18, 0]);
  expect([...lines.subarray(2 * GROUP, 2 * GROUP + 3)]).toEqual([35, 36, 0]);
  expect(lines[3 * GROUP]).toBeNaN();
});

// Slow and large (2.3 GiB): run with FLASHINF_LARGE=1.
(process.env.FLASHINF_LARGE === undefined ? test.skip : test)(
  'addresses past 2^31 are unsigned',
  async () => {
    const shape = { convolutions: 1, width: 16 * 150, length: 70_000 };
    for (const name of ['lazy', 'tiled'] as const) {
      const mixer = await createMixer({ name, shape });
      expect(mixer.bytes).toBeGreaterThan(name === 'tiled' ? 2 ** 31 : 2 ** 30);
      const taps = new Float32Array(shape.length * shape.width);
      for (let t = 1; t < shape.length; t++) taps.fill(1 / t, t * shape.width, (t + 1) * shape.width);
      mixer.setFilter(0, taps);
      const row = new Float32Array(shape.width).fill(1);
      let harmonic = 0;
      for (let t = 0; t < 40; t++) {
        mixer.pending(row);
        expect(row.every((sum) => Math.abs(sum - harmonic) < 1e-5)).toBe(true);
        harmonic += 1 / (t + 1);
        mixer.push(row.fill(1));
      }
      await mixer.close();
    }
  },
  120_000,
);
