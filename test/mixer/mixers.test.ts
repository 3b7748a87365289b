import { createMixer, flatPlan } from '../../src/mixer/index.js';
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
} from '../support/mixing.js';

describe.each(MIXERS)('the %s mixer against the definition in float64', (name) => {
  test('for every length up to 256', async () => {
    const random = new Random(1);
    for (let length = 1; length <= 256; length++) {
      const shape = { convolutions: random.int(1, 2), width: random.pick([1, 3, 17]), length };
      const run = randomRun(shape, random);
      const got = await withMixer({ name, shape }, (mixer) => runMixer(mixer, run));
      expect(relL2(got, directPending(run))).toBeLessThanOrEqual(mixerGate(length));
    }
  });

  test('for random lengths, plans and prompts, in memory full of garbage', async () => {
    const random = new Random(2);
    for (let trial = 0; trial < 12; trial++) {
      const length = random.int(2, trial < 8 ? 700 : 3500);
      const shape = { convolutions: random.int(1, 3), width: length > 700 ? 2 : random.int(1, 40), length };
      const run = randomRun(shape, random, true);
      const plan = randomPlan(length, random);
      const { internals, check } = garbageMemory(random);
      const got = await withMixer({ name, shape, plan }, (mixer) => runMixer(mixer, run), internals);
      expect(relL2(got, directPending(run))).toBeLessThanOrEqual(mixerGate(length));
      check();
    }
  });

  test('bit by bit the same on 1, 2 and 3 threads', async () => {
    const random = new Random(3);
    const shape = { convolutions: 2, width: 70, length: 200 };
    const run = randomRun(shape, random, true);
    const plan = randomPlan(200, random);
    const alone = await withMixer({ name, shape, plan }, (mixer) => runMixer(mixer, run));
    for (const threads of [2, 3]) {
      const { internals, check } = garbageMemory(random);
      const together = await withMixer({ name, shape, plan, threads }, (mixer) => runMixer(mixer, run), {
        ...internals,
        worthSharing: 0,
      });
      expect(Buffer.compare(Buffer.from(together.buffer), Buffer.from(alone.buffer))).toBe(0);
      check();
    }
  });

  test('the same again after a reset', async () => {
    const random = new Random(4);
    const shape = { convolutions: 1, width: 5, length: 300 };
    const run = randomRun(shape, random, true);
    await withMixer({ name, shape }, (mixer) => {
      const first = runMixer(mixer, run);
      expect(mixer.position).toBe(300);
      mixer.reset();
      expect(mixer.position).toBe(0);
      expect(runMixer(mixer, run)).toEqual(first);
    });
  });

  test('pending sums may be read twice, or not at all', async () => {
    const random = new Random(5);
    const shape = { convolutions: 1, width: 3, length: 40 };
    const run = randomRun(shape, random);
    const want = directPending(run);
    await withMixer({ name, shape }, (mixer) => {
      mixer.setFilter(0, run.taps[0]);
      const out = new Float32Array(3);
      for (let t = 0; t < 40; t++) {
        for (let reads = t % 3; reads > 0; reads--) {
          mixer.pending(out);
          for (let c = 0; c < 3; c++) expect(out[c]).toBeCloseTo(want[t * 3 + c], 5);
        }
        mixer.push(run.y[0].subarray(t * 3, t * 3 + 3));
      }
    });
  });

  test('refuses what is out of range', async () => {
    const shape = { convolutions: 2, width: 3, length: 2 };
    const mixer = await createMixer({ name, shape });
    expect(() => mixer.setFilter(2, new Float32Array(6))).toThrow(/convolution: expected 0 to 1, got 2/);
    expect(() => mixer.setFilter(0, new Float32Array(5))).toThrow(
      /filter: expected 6 values \(2 x 3\), got 5/,
    );
    expect(() => mixer.addPending(0, new Float32Array(9))).toThrow(RangeError);
    expect(() => mixer.addPending(0, new Float32Array(4))).toThrow(RangeError);
    expect(() => mixer.pending(new Float32Array(3))).toThrow(/expected 6 values/);
    expect(() => mixer.push(new Float32Array(7))).toThrow(/expected 6 values/);
    mixer.push(new Float32Array(6));
    expect(() => mixer.setFilter(0, new Float32Array(6))).toThrow(/before the first push/);
    expect(() => mixer.addPending(0, new Float32Array(3))).toThrow(/before the first push/);
    mixer.push(new Float32Array(6));
    expect(() => mixer.push(new Float32Array(6))).toThrow(/all 2 positions/);
    expect(() => mixer.pending(new Float32Array(6))).toThrow(/all 2 positions/);
    await mixer.close();
    await mixer.close();
    expect(() => mixer.push(new Float32Array(6))).toThrow(/closed/);
  });
});

test.each(['basic', 'reference'] as const)('the %s kernels give every plan’s sums too', async (kernels) => {
  const random = new Random(6);
  for (let trial = 0; trial < 8; trial++) {
    const length = random.int(100, kernels === 'basic' ? 1500 : 400);
    const shape = { convolutions: 2, width: random.pick([3, 20]), length };
    const run = randomRun(shape, random, true);
    const plan = trial % 2 === 0 ? flatPlan(length) : randomPlan(length, random);
    const { internals, check } = garbageMemory(random);
    for (const threads of kernels === 'basic' ? [1, 2] : [1]) {
      const got = await withMixer(
        { name: 'tiled', shape, plan, kernels, threads },
        (mixer) => runMixer(mixer, run),
        internals,
      );
      expect(relL2(got, directPending(run))).toBeLessThanOrEqual(mixerGate(length));
    }
    check();
  }
});
