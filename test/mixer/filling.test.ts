import type { LevelPlan, Mixer, MixerName } from '../../src/mixer/index.js';
import { flatPlan, flatPlans } from '../../src/mixer/plan/planner.js';
import {
  directPending,
  garbageMemory,
  mixerGate,
  MIXERS,
  Random,
  randomPlan,
  randomRun,
  relL2,
  runMixer,
  withMixer,
  type Run,
} from '../support/mixing.js';

/** Goes on from a mixer's position to the end: the pending sums from there on, `[time, convolution, channel]`. */
function finish(mixer: Mixer, { shape, y }: Run, before?: (known: number) => void): Float32Array {
  const { convolutions, width, length } = shape;
  const start = mixer.position;
  const out = new Float32Array((length - start) * convolutions * width);
  const step = new Float32Array(convolutions * width);
  for (let t = start; t < length; t++) {
    mixer.pending(out.subarray((t - start) * convolutions * width, (t - start + 1) * convolutions * width));
    y.forEach((rows, l) => step.set(rows.subarray(t * width, (t + 1) * width), l * width));
    before?.(t + 1);
    mixer.push(step);
  }
  return out;
}

const same = (a: Float32Array, b: Float32Array): boolean => Buffer.compare(bytes(a), bytes(b)) === 0;
const bytes = (a: Float32Array): Buffer => Buffer.from(a.buffer, a.byteOffset, a.byteLength);

const CASES = MIXERS.flatMap((name) => [1, 2].map((threads) => [name, threads] as const));

describe.each(CASES)('the %s mixer on %i thread(s)', (name, threads) => {
  test('filled up to anywhere goes on as if all had been pushed, bit by bit', async () => {
    const random = new Random(71);
    for (let trial = 0; trial < (threads === 1 ? 12 : 3); trial++) {
      const length = random.int(2, 1200);
      const shape = { convolutions: 2, width: random.int(1, 40), length };
      const plan = trial % 3 === 0 ? flatPlan(length) : randomPlan(length, random, { folded: true });
      const run = randomRun(shape, random);
      const whole = await withMixer({ name, shape, plan }, (mixer) => runMixer(mixer, run));
      const stop = random.pick([random.int(0, length), Math.min(length, 2 ** random.int(0, 10)), length]);
      const { internals, check } = garbageMemory(random);
      const rest = await withMixer(
        { name, shape, plan, threads },
        (mixer) => {
          run.taps.forEach((taps, convolution) => mixer.setFilter(convolution, taps));
          run.y.forEach((rows, convolution) => mixer.fill(convolution, rows.subarray(0, stop * shape.width)));
          mixer.resume(stop);
          return finish(mixer, run);
        },
        internals,
      );
      expect(same(rest, whole.subarray(stop * shape.convolutions * shape.width))).toBe(true);
      check();
    }
  });

  test('takes filters that grow as they are needed, bit by bit as if they had been there', async () => {
    const random = new Random(72);
    for (let trial = 0; trial < 8 / threads; trial++) {
      const length = random.int(2, 1500);
      const shape = { convolutions: 2, width: random.int(1, 20), length };
      const plan = trial % 2 === 0 ? flatPlan(length) : randomPlan(length, random);
      const run = randomRun(shape, random);
      const whole = await withMixer({ name, shape, plan }, (mixer) => runMixer(mixer, run));
      const { internals, check } = garbageMemory(random);
      const grown = await withMixer(
        { name, shape, plan, threads },
        (mixer) => {
          const filled = [0, 0];
          const grow = (known: number): void => {
            for (const convolution of [0, 1]) {
              const from = filled[convolution];
              const needed = Math.min(length, mixer.tapsNeeded(known));
              if (needed <= from) continue;
              // Now and then ahead of time.
              const to =
                mixer.tapsNeeded(0) === length ? length : random.int(needed, Math.min(length, needed + 9));
              mixer.setFilter(
                convolution,
                run.taps[convolution].subarray(from * shape.width, to * shape.width),
                from,
              );
              filled[convolution] = to;
            }
          };
          grow(0);
          return finish(mixer, run, grow);
        },
        internals,
      );
      expect(same(grown, whole)).toBe(true);
      check();
    }
  });

  test('refuses what does not go together', async () => {
    const shape = { convolutions: 1, width: 2, length: 300 };
    await withMixer({ name, shape, plan: flatPlan(300), threads }, (mixer) => {
      const rows = (count: number): Float32Array => new Float32Array(2 * count);
      expect(() => mixer.fill(0, rows(301))).toThrow(/inputs: expected at most 300 rows of 2 values/);
      expect(() => mixer.fill(0, new Float32Array(3))).toThrow(RangeError);
      expect(() => mixer.setFilter(0, rows(10), 5)).toThrow(/300 rows are set goes on there, not at 5/);
      if (name === 'eager') {
        expect(() => mixer.setFilter(0, rows(10))).toThrow(/expected 600 values/);
        return;
      }
      mixer.setFilter(0, rows(128));
      expect(() => mixer.setFilter(0, rows(100), 100)).toThrow(/128 rows are set goes on there, not at 100/);
      expect(() => mixer.setFilter(0, rows(mixer.filterRows - 127), 128)).toThrow(/expected 344 values/);
      expect(() => mixer.fill(0, rows(130))).toThrow(
        /convolution 0 has 128 rows of its filter, and \d+ are needed/,
      );
      for (let t = 0; t < 127; t++) mixer.push(rows(1));
      expect(() => mixer.push(rows(1))).toThrow(/has 128 rows of its filter, and (192|129) are needed/);
      expect(() => mixer.fill(0, rows(1))).toThrow(/before the first push/);
    });
  });
});

test('flat plans have the same sums, bit by bit, for every length', async () => {
  const random = new Random(75);
  const shape = { convolutions: 1, width: 20, length: 1500 };
  const run = randomRun(shape, random, true);
  const whole = await withMixer({ name: 'tiled', shape, plan: flatPlan(1500) }, (mixer) =>
    runMixer(mixer, run),
  );
  const lengths = Array.from({ length: 30 }, () => random.int(1, 1499));
  for (const length of [1, 2, 5, 7, 16, 31, 33, 63, 64, 65, 100, 127, 129, 512, 1024, ...lengths]) {
    const part = (rows: Float32Array, count = length): Float32Array => rows.subarray(0, count * 20);
    const { y, taps, before } = run;
    const shorter = { ...shape, length };
    const plan = flatPlan(length);
    const sums = await withMixer({ name: 'tiled', shape: shorter, plan }, (mixer) => {
      const rows = Math.min(1500, mixer.filterRows);
      return runMixer(mixer, {
        shape: shorter,
        y: y.map((all) => part(all)),
        taps: taps.map((all) => part(all, rows)),
        before: before.map((all) => part(all)),
      });
    });
    expect({ length, same: same(sums, part(whole)) }).toEqual({ length, same: true });
  }
});

test('flat plans have the same sums, bit by bit, however few spectra they keep', async () => {
  const random = new Random(74);
  const shape = { convolutions: 1, width: 20, length: 3000 };
  const run = randomRun(shape, random, true);
  const [first, ...others] = flatPlans(shape.length);
  const wanted = await withMixer({ name: 'tiled', shape, plan: first }, (mixer) => runMixer(mixer, run));
  expect(others.length).toBeGreaterThan(1);
  for (const plan of others) {
    const sums = await withMixer({ name: 'tiled', shape, plan }, (mixer) => runMixer(mixer, run));
    expect(same(sums, wanted)).toBe(true);
  }
});

test.each<MixerName>(['tiled'])(
  'a folded %s mixer has the sums of one that is not, in half the slots',
  async (name) => {
    const random = new Random(73);
    for (const length of [17, 32, 100, 1000, 1024]) {
      const half = 2 ** Math.ceil(Math.log2(length)) / 2;
      const shape = { convolutions: 2, width: 20, length, lanes: 1 };
      const levels: LevelPlan[] = [
        { kind: 'direct', side: 1, fanOut: 16 },
        ...(half > 16 ? [{ kind: 'direct' as const, side: 16, fanOut: half / 16 }] : []),
        { kind: 'folding', side: half },
      ];
      const run = randomRun(shape, random);
      const { internals, check } = garbageMemory(random);
      const plan = { length, levels };
      await withMixer(
        { name, shape, plan },
        (mixer) => {
          expect(relL2(runMixer(mixer, run), directPending(run))).toBeLessThanOrEqual(mixerGate(length));
          mixer.reset();
          expect(() => mixer.addPending(0, new Float32Array((half + 1) * 20))).toThrow(
            `pending sums: expected at most ${half} rows of 20 values`,
          );
        },
        internals,
      );
      check();
    }
  },
);
