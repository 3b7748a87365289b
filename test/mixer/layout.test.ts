import {
  binaryPlan,
  createMixer,
  fit,
  flatPlan,
  flatPlans,
  foldedPlans,
  planFor,
  plansFor,
} from '../../src/mixer/index.js';
import { keptOf } from '../../src/mixer/kernel/kernels.js';
import { GROUP, groupsOf, LINE, strideLines, toLines } from '../../src/mixer/memory/blocks.js';
import type { BankLayout } from '../../src/mixer/memory/bank.js';
import { layoutTiled, tableBytes, type TiledLayout } from '../../src/mixer/memory/tiled.js';
import { recomputes, type LevelPlan, type Plan } from '../../src/mixer/plan/plan.js';
import { MIXERS, Random, randomPlan } from '../support/mixing.js';

/** All arrays of a bank, as [first byte, byte after the last]. */
function arrays(layout: BankLayout, threads: number): [number, number][] {
  const { lanes, units, stride, row, slots } = layout;
  const list: [number, number][] = [
    [row, row + lanes * units * LINE],
    [slots, slots + lanes * units * stride],
  ];
  if ('levels' in layout) list.push(...tiledArrays(layout as TiledLayout, threads));
  else {
    const { taps, partial } = layout as BankLayout & { taps: number; partial?: number };
    list.push([taps, taps + units * stride]);
    if (partial !== undefined) list.push([partial, partial + lanes * units * stride]);
  }
  return list.filter(([from, to]) => to > from);
}

function tiledArrays(layout: TiledLayout, threads: number): [number, number][] {
  const { lanes, units, twiddles, twisted, largest, taps, tapStride, tapAreas, levels } = layout;
  const { scratch, scratchStride, scratchSpectra, scratchFilter } = layout;
  const list: [number, number][] = [
    [twiddles, twiddles + tableBytes(largest / 4, 2)],
    [twisted, twisted + tableBytes(largest, 4)],
    [taps, taps + (tapAreas || units) * tapStride],
  ];
  const spectra = (level: LevelPlan): number =>
    Math.max(0, ...levels.filter(({ plan }) => plan === level).map(spectraBytes));
  const again = levels.filter(({ plan }) => plan.kind === 'delayed' && recomputes(plan));
  const inputs = again.map(({ childSpectraStride }) => childSpectraStride);
  const recomputed = levels.filter(({ plan }) => recomputes(plan)).map(({ plan }) => spectra(plan));
  for (let thread = 0; thread < threads; thread++) {
    const at = scratch + thread * scratchStride;
    list.push(
      [at, at + 2 * largest * LINE],
      [at + scratchSpectra, at + scratchSpectra + Math.max(0, ...inputs)],
      [at + scratchFilter, at + scratchFilter + Math.max(0, ...recomputed)],
    );
  }
  for (const level of levels) {
    const { plan, side, filter, filterStride, childSpectra, childSpectraStride } = level;
    const { flight, flightBytes, made, newest } = level;
    if (!recomputes(plan)) {
      list.push([filter, filter + units * filterStride]);
      list.push([childSpectra, childSpectra + lanes * units * childSpectraStride]);
    }
    if (plan.kind === 'delayed') list.push([made, made + units * 4], [newest, newest + lanes * units * 4]);
    if (flightBytes > 0) {
      // Points, and spectra of inputs and of the filter if they are made anew.
      const needed = 2 * side * LINE + (recomputes(plan) ? childSpectraStride + spectraBytes(level) : 0);
      expect(flightBytes).toBeGreaterThanOrEqual(needed);
      list.push([flight, flight + flightBytes]);
    }
  }
  return list;
}

/** What a unit's spectra of the filter take, by what a kernel is told of them. */
function spectraBytes({ plan, side, children, spectrumStride }: TiledLayout['levels'][number]): number {
  switch (plan.kind) {
    case 'direct':
    case 'reference':
      return side * children * LINE;
    case 'fan':
      return 2 * (children - 1) * spectrumStride;
    case 'delayed':
      return 2 * children * spectrumStride;
    default:
      return 2 * side * LINE;
  }
}

/** Plans of every kind for a length. */
function plansOf(length: number, random: Random): Plan[] {
  const all = [
    planFor(length),
    ...plansFor(length).slice(-1),
    flatPlan(length),
    ...flatPlans(length).slice(-1),
  ];
  return [...all, ...foldedPlans(length).slice(-1), randomPlan(length, random, { folded: true })];
}

test.each(MIXERS)('arrays of a %s bank are aligned, disjoint and within its bytes', (name) => {
  const random = new Random(81);
  for (const length of [1, 2, 3, 100, 4096, 2 ** 17 + 1]) {
    for (const plan of name === 'tiled' ? plansOf(length, random) : [planFor(length)]) {
      for (const [threads, lanes] of [
        [1, 1],
        [2, 1],
        [3, 1],
        [2, 4],
      ]) {
        const shape = {
          convolutions: random.int(1, 3),
          width: random.pick([1, 16, 17, length > 5000 ? 100 : 1000]),
          length,
          lanes,
        };
        for (const layout of fit({ name, shape, plan, threads }).banks) {
          const sorted = arrays(layout, threads).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
          let end = LINE;
          for (const [from, to] of sorted) {
            expect(from % LINE).toBe(0);
            expect(from).toBeGreaterThanOrEqual(end);
            end = to;
          }
          expect(end).toBeLessThanOrEqual(layout.bytes);
          for (const { at, bytes } of layout.state) {
            expect(sorted).toContainEqual([at, at + lanes * layout.units * bytes]);
          }
          if (!('levels' in layout)) continue;
          for (const { plan, children, side, childSpectraStride, spectrumStride } of (layout as TiledLayout)
            .levels) {
            expect(spectrumStride === 0 || spectrumStride >= side * LINE).toBe(true);
            const kept = { fan: keptOf(children), delayed: children - 1 }[plan.kind as string] ?? 0;
            expect(childSpectraStride).toBe(2 * kept * spectrumStride);
          }
        }
      }
    }
  }
});

test('convolutions share memories, as few as there can be, whole and in turn', () => {
  for (const [convolutions, width, length, lanes, least] of [
    [4, 256, 131_072, 1, 1],
    [18, 768, 131_072, 1, 6],
    [7, 256, 2 ** 20, 1, 7],
    [5, 20, 1000, 3, 1],
  ]) {
    const shape = { convolutions, width, length, lanes };
    const { banks, bytes } = fit({ name: 'tiled', shape });
    expect(banks.length).toBeGreaterThanOrEqual(least);
    let next = 0;
    for (const { first, units, bytes } of banks) {
      expect(first).toBe(next);
      expect(units % groupsOf(width)).toBe(0);
      expect(bytes).toBeLessThanOrEqual(2 ** 32);
      next += units;
    }
    expect(next).toBe(convolutions * groupsOf(width));
    expect(bytes).toBeGreaterThan((banks.length - 1) * 2 ** 31);
  }
});

test('layouts stay exact past 2^31 and 2^32 bytes', () => {
  const shape = { convolutions: 1, width: 256, length: 2 ** 20 };
  const [layout] = fit({ name: 'tiled', shape, plan: binaryPlan(shape.length) }).banks;
  const top = Math.max(...arrays(layout, 1).map(([, to]) => to));
  expect(top).toBeGreaterThan(2 ** 31);
  expect(top).toBeLessThanOrEqual(2 ** 32);
  const beyond = layoutTiled(
    { shape: { ...shape, width: 4096 }, plan: binaryPlan(shape.length), threads: 1 },
    0,
    256,
  );
  const ratio = beyond.bytes / layout.bytes;
  expect(ratio).toBeGreaterThan(14);
  expect(ratio).toBeLessThan(16);
});

test('what does not fit is refused with the figures, before any of it is allocated', async () => {
  const shape = { convolutions: 1, width: 4096, length: 2 ** 20 };
  for (const name of MIXERS) {
    expect(() => fit({ name, shape })).toThrow(/needs \d+ bytes \(\d+\.\d\d GiB\), more than the 4\.00 GiB/);
    await expect(createMixer({ name, shape })).rejects.toThrow(RangeError);
  }
  for (const broken of [
    { convolutions: -1 },
    { width: -1 },
    { length: 0.5 },
    { length: NaN },
    { length: 2 ** 40 },
  ]) {
    const odd = { convolutions: 1, width: 1, length: 8, ...broken };
    expect(() => fit({ name: 'tiled', shape: odd })).toThrow(/expected a whole number/);
  }
  expect(() => fit({ name: 'tiled', shape: { ...shape, width: 1 }, threads: 0 })).toThrow(/threads/);
  expect(() => fit({ name: 'slow' as 'lazy', shape })).toThrow(/unknown mixer slow/);
  expect(() => fit({ name: 'lazy', shape, kernels: 'toString' as 'wasm' })).toThrow(
    /unknown kernels toString/,
  );
});

test('bytes of a recipe are the bytes held', async () => {
  for (const name of MIXERS) {
    for (const threads of [1, 2]) {
      const shape = { convolutions: 3, width: 20, length: 1000 };
      const mixer = await createMixer({ name, shape, threads });
      expect(mixer.bytes).toBe(fit({ name, shape, threads }).bytes);
      await mixer.close();
    }
  }
});

test('with little memory a slower plan is taken, with less none', async () => {
  const shape = { convolutions: 2, width: 16, length: 131_072 };
  const bytesOf = (plan: Plan): number => fit({ name: 'tiled', shape, plan }).bytes;
  const fast = bytesOf(plansFor(shape.length)[0]);
  const plans = plansFor(shape.length);
  const least = Math.min(...plans.map(bytesOf));
  expect(least).toBe(bytesOf(plans.at(-1)!));
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
