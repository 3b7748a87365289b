/** Mixers of windows and modal filters: exact by any plan, in lanes, on threads, saved and resumed, in memories full of garbage. */
import { type MixerName, type MixerShape } from '../../src/mixer/shape.js';
import { fit } from '../../src/mixer/create.js';
import { createMixerOfKinds, type MixerOfKinds } from '../../src/mixer/of-kinds.js';
import type { Mixer } from '../../src/mixer/mixer.js';
import { modalTaps, type Modes } from '../../src/mixer/modes.js';
import { modalFilterOf } from '../../src/mixer/memory/modes.js';
import { checkPlan, planFor, plansForFilter, type Plan } from '../../src/mixer/plan/index.js';
import { randomModes } from '../framework/subjects.js';
import { garbageMemory, mixerGate, Random, relL2, withMixer } from '../support/mixing.js';

/** Filters of a kind: as a mixer takes them, and their taps. */
interface Filters {
  readonly shape: Pick<MixerShape, 'filter'>;
  readonly filter: Float32Array | Modes;
  readonly tap: (d: number, c: number) => number;
}

type Make = (length: number, width: number, random: Random) => Filters;

const modal =
  (complex: boolean): Make =>
  (length, width, random) => {
    const modes = randomModes(random.int(1, 9), width, random, complex);
    const taps = modalTaps(modes, length);
    return {
      shape: { filter: modalFilterOf(modes) },
      filter: modes,
      tap: (d, c) => taps[d * width + c],
    };
  };

const KINDS: Record<string, Make> = {
  window(_length, width, random) {
    const taps = random.pick([1, 2, 33, 34, 65, 66, random.int(1, 140)]);
    const filter = random.floats(taps * width);
    return {
      shape: { filter: { kind: 'window', taps } },
      filter,
      tap: (d, c) => (d < taps ? filter[d * width + c] : 0),
    };
  },
  'real modes': modal(false),
  'complex modes': modal(true),
};

/** The plan of the kind's own, if there is one for the length, or one for long filters. */
function planOf(
  length: number,
  { filter = { kind: 'long' } }: Pick<MixerShape, 'filter'>,
  random: Random,
): Plan {
  if (random.next() < 0.2) return planFor(length);
  const free = { direct: { 2: [0, 0, 0, 0, 0, 0, 0, 0] }, fft: { 2: new Array<number>(18).fill(1000) } };
  const [plan] = plansForFilter(length, filter, random.next() < 0.5 ? free : undefined);
  return plan;
}

/** Pending sums of all lanes, each started at another step, through a mixer that is saved and resumed at `cut`. */
async function check(
  name: MixerName,
  make: Make,
  length: number,
  random: Random,
  threads = 1,
): Promise<void> {
  const [width, lanes, convolutions] = [random.pick([1, 2, 19]), random.int(1, 2), random.int(1, 2)];
  const filters = Array.from({ length: convolutions }, () => make(length, width, random));
  // All of one kind: the first one's.
  const [{ shape: kind }] = filters;
  const all = filters.map((own) => (JSON.stringify(own.shape) === JSON.stringify(kind) ? own : filters[0]));
  const shape = { convolutions, width, length, lanes, ...kind };
  const plan = name === 'tiled' ? planOf(length, kind, random) : undefined;
  const options = { name, shape, threads, ...(plan && { plan }) };
  const size = convolutions * lanes * width;
  const y = Array.from({ length }, () => random.floats(size));
  const [got, want]: number[][] = [[], []];
  const set = (mixer: Mixer): void => all.forEach(({ filter }, k) => mixer.setFilter(k, filter));
  const steps = (mixer: Mixer, from: number, to: number): void => {
    const out = new Float32Array(size);
    for (let t = from; t < to; t++) {
      mixer.pending(out);
      got.push(...out);
      mixer.push(y[t]);
    }
  };
  const cut = random.int(0, length);
  const garbage = garbageMemory(random);
  const state = await withMixer(
    options,
    (mixer) => {
      set(mixer);
      // Another text before.
      for (let t = 0; t < Math.min(3, length); t++) mixer.push(y[t]);
      mixer.reset();
      steps(mixer, 0, cut);
      return mixer.state().map((array) => array.slice());
    },
    { ...garbage.internals, ...(threads > 1 && { worthSharing: 0 }) },
  );
  garbage.check();
  await withMixer(options, (mixer) => {
    set(mixer);
    mixer.state().forEach((array, k) => array.set(state[k]));
    mixer.resume(cut);
    steps(mixer, cut, length);
  });
  for (let t = 0; t < length; t++) {
    for (let k = 0; k < size; k++) {
      const [l, c] = [Math.floor(k / (lanes * width)), k % width];
      let sum = 0;
      for (let i = 0; i < t; i++) sum += y[i][k] * all[l].tap(t - i, c);
      want.push(sum);
    }
  }
  expect(relL2(got, want)).toBeLessThanOrEqual(mixerGate(length));
}

describe.each(Object.entries(KINDS))('mixers of filters with %s', (_, make) => {
  test('tiled, for lengths up to 256, saved anywhere', async () => {
    const random = new Random(101);
    for (let length = 1; length <= 256; length += length < 36 ? 1 : 31)
      await check('tiled', make, length, random);
  });

  test('on threads, and by definition', async () => {
    const random = new Random(102);
    for (const threads of [2, 3]) await check('tiled', make, random.int(60, 120), random, threads);
    for (const name of ['lazy', 'eager'] as const) await check(name, make, random.int(20, 60), random);
  });

  test('filled with a prompt, in two blocks of slots', async () => {
    const random = new Random(103);
    for (const [length, prompt] of [
      [60, 16],
      [90, 33],
      [200, 137],
      [150, 150],
    ]) {
      const width = 3;
      const { shape: own, filter } = make(length, width, random);
      const shape = { convolutions: 1, width, length, ...own };
      const y = random.floats(length * width);
      const after = (filled: boolean): Promise<number[]> =>
        withMixer({ name: 'tiled', shape }, (mixer) => {
          mixer.setFilter(0, filter);
          if (filled) {
            mixer.fill(0, y.subarray(0, prompt * width));
            mixer.resume(prompt);
          }
          const out = new Float32Array(width);
          const sums: number[] = [];
          for (let t = filled ? prompt : 0; t < length; t++) {
            mixer.pending(out);
            if (t >= prompt) sums.push(...out);
            mixer.push(y.subarray(t * width, (t + 1) * width));
          }
          return sums;
        });
      expect(await after(true)).toEqual(await after(false));
    }
  });

  test('long ones, by two blocks of slots', async () => {
    const random = new Random(104);
    const length = random.int(16_384, 65_536);
    const { shape: own, filter, tap } = make(length, 1, random);
    const shape = { convolutions: 1, width: 1, length, ...own };
    expect(fit({ name: 'tiled', shape }).bytes).toBeLessThan(1 << 19);
    const y = random.floats(length);
    await withMixer({ name: 'tiled', shape }, (mixer) => {
      mixer.setFilter(0, filter);
      const out = new Float32Array(1);
      const [got, want]: number[][] = [[], []];
      for (let t = 0; t < length; t++) {
        mixer.pending(out);
        if (t % 3001 === 0 || t === length - 1) {
          let sum = 0;
          for (let i = 0; i < t; i++) sum += y[i] * tap(t - i, 0);
          got.push(out[0]);
          want.push(sum);
        }
        mixer.push(y.subarray(t, t + 1));
      }
      expect(relL2(got, want)).toBeLessThanOrEqual(mixerGate(length));
    });
  });
});

test('a mixer of several kinds is the mixers of each, in lanes, on threads, saved and resumed', async () => {
  const random = new Random(106);
  const [width, length, lanes] = [5, 150, 2];
  const made = ['window', 'long', 'real modes', 'window', 'long', 'complex modes'].map((name) => {
    if (name in KINDS) return KINDS[name](length, width, random);
    const taps = random.floats(length * width);
    return { shape: {}, filter: taps, tap: (d: number, c: number) => taps[d * width + c] };
  });
  const filters = made.map(({ shape }) => shape.filter ?? ({ kind: 'long' } as const));
  const size = made.length * lanes * width;
  const y = Array.from({ length }, () => random.floats(size));
  for (const [name, threads] of [
    ['tiled', 1],
    ['tiled', 3],
    ['lazy', 1],
  ] as const) {
    const open = async (): Promise<MixerOfKinds> => {
      const mixer = await createMixerOfKinds({ name, threads, shape: { width, length, lanes, filters } });
      made.forEach(({ filter }, k) => mixer.setFilter(k, filter));
      return mixer;
    };
    let mixer = await open();
    const out = new Float32Array(size);
    const [got, want]: number[][] = [[], []];
    const cut = random.int(1, length - 1);
    // The second lane begins anew there.
    let second = 0;
    for (let t = 0; t < length; t++) {
      if (t === 20) {
        mixer.reset(1);
        second = t;
      }
      if (t === cut) {
        const state = mixer.state().map((array) => array.slice());
        await mixer.close();
        mixer = await open();
        mixer.state().forEach((array, k) => array.set(state[k]));
        mixer.resume(t, 0);
        mixer.resume(t - second, 1);
      }
      expect([0, 1].map((lane) => mixer.positionOf(lane))).toEqual([t, t - second]);
      mixer.pending(out);
      got.push(...out);
      for (let k = 0; k < size; k++) {
        const [layer, lane, c] = [Math.floor(k / (lanes * width)), Math.floor(k / width) % lanes, k % width];
        let sum = 0;
        for (let i = lane === 0 ? 0 : second; i < t; i++) sum += y[i][k] * made[layer].tap(t - i, c);
        want.push(sum);
      }
      mixer.push(y[t]);
    }
    await mixer.close();
    expect(relL2(got, want)).toBeLessThanOrEqual(mixerGate(length));
  }
});

test('filters of another kind than the mixer’s are refused, and plans that would leave something out', async () => {
  const random = new Random(105);
  const modes = randomModes(3, 2, random, false);
  const shape = { convolutions: 1, width: 2, length: 300 };
  const set = (own: Pick<MixerShape, 'filter'>, filter: Float32Array | Modes): Promise<void> =>
    withMixer({ name: 'tiled', shape: { ...shape, ...own } }, (mixer) => mixer.setFilter(0, filter));
  await expect(set({}, modes)).rejects.toThrow('modes are for mixers of modal filters');
  await expect(set({ filter: modalFilterOf(modes) }, random.floats(600))).rejects.toThrow('set by its modes');
  await expect(set({ filter: { kind: 'modal', modes: 4, complex: false } }, modes)).rejects.toThrow(
    'expected 4 real modes of 2 channels, got 3 real modes of 2',
  );
  await expect(set({ filter: { kind: 'window', taps: 5 } }, random.floats(12))).rejects.toThrow('5 x 2');
  const window = plansForFilter(300, { kind: 'window', taps: 33 })[0];
  expect(window.levels.at(-1)).toEqual({ kind: 'window', side: 16 });
  expect(() => checkPlan(window, 300)).toThrow('for filters of at most 33 taps');
  expect(() => checkPlan(window, 300, { kind: 'window', taps: 34 })).toThrow(
    'for filters of at most 33 taps',
  );
  const [recurrence] = plansForFilter(300, modalFilterOf(modes));
  expect(recurrence.levels.at(-1)).toMatchObject({ kind: 'recurrence', modes: 3 });
  expect(() => checkPlan(recurrence, 300)).toThrow('a recurrence of 3 modes');
  const above = { ...recurrence, levels: [...recurrence.levels, { kind: 'fft', side: 32 } as const] };
  expect(() => checkPlan(above, 300, modalFilterOf(modes))).toThrow(RangeError);
});

test('the planner takes a recurrence for few modes, and tiles for many', () => {
  const last = (modes: number, length: number): string | undefined =>
    plansForFilter(length, { kind: 'modal', modes, complex: true })[0].levels.at(-1)?.kind;
  expect(last(4, 1 << 17)).toBe('recurrence');
  expect(last(500, 1 << 17)).not.toBe('recurrence');
  // Never later for longer filters.
  for (const modes of [8, 16, 32, 64]) {
    const kinds = [1024, 8192, 1 << 16].map((length) => last(modes, length) === 'recurrence');
    expect([...kinds].sort()).toEqual(kinds);
  }
});
