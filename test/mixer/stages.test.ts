/** Far tiles, which a single thread computes in stages and workers at once. */
import { buildOn, fit } from '../../src/mixer/create.js';
import type { Mixer } from '../../src/mixer/mixer.js';
import { checkPlan } from '../../src/mixer/plan/check.js';
import { SMALLEST_FFT, tilingOf, type Plan } from '../../src/mixer/plan/plan.js';
import { deferredLevels, dueWithin, flatLevels, slackOf } from '../../src/mixer/schedule/index.js';
import {
  directPending,
  garbageMemory,
  levelsTo,
  mixerGate,
  Random,
  randomRun,
  relL2,
  runMixer,
  withMixer,
  type Run,
} from '../support/mixing.js';

/** A flat plan with far levels, of which some recompute their spectra. */
function farPlan(length: number, random: Random): Plan {
  const side = SMALLEST_FFT;
  const above = flatLevels(side, length);
  const kept = random.int(1, above.length);
  return {
    length,
    levels: [
      ...levelsTo(side, random).map((level) => ({ ...level, kind: 'direct' as const })),
      ...above.map(({ side }, k) => ({
        kind: 'delayed' as const,
        side,
        ...(k >= kept && { recompute: true as const }),
      })),
    ],
  };
}

/** Pending sums of positions `from` ... `to` - 1, `[time, convolution, channel]`. */
function advance(mixer: Mixer, { shape, y }: Run, from: number, to: number): Float32Array {
  const size = shape.convolutions * shape.width;
  const out = new Float32Array((to - from) * size);
  const step = new Float32Array(size);
  for (let t = from; t < to; t++) {
    mixer.pending(out.subarray((t - from) * size, (t - from + 1) * size));
    y.forEach((rows, l) => step.set(rows.subarray(t * shape.width, (t + 1) * shape.width), l * shape.width));
    mixer.push(step);
  }
  return out;
}

test('in stages, at once, and by whom: the same sums, bit by bit, wherever a run is cut', async () => {
  const random = new Random(91);
  for (let trial = 0; trial < 4; trial++) {
    const shape = { convolutions: random.int(1, 2), width: random.int(1, 20), length: random.int(600, 1500) };
    const plan = farPlan(shape.length, random);
    checkPlan(plan, shape.length);
    expect(deferredLevels(tilingOf(plan)).far.length).toBeGreaterThan(0);
    const run = randomRun(shape, random);
    const open = async (threads: number): Promise<[Mixer, () => void]> => {
      const { internals, check } = garbageMemory(random);
      // In some trials, threads come later, or never in so short a run.
      const started = trial % 2 === 0;
      const mixer = await buildOn(fit({ name: 'tiled', shape, plan, threads }), { ...internals, started });
      run.taps.forEach((taps, convolution) => mixer.setFilter(convolution, taps));
      return [mixer, check];
    };
    const cuts = [random.int(1, shape.length - 1), random.int(1, shape.length - 1)].sort((a, b) => a - b);
    let whole: Float32Array | undefined;
    // Threads of the run until the first cut, until the second, and until the end.
    for (const crew of [[1], [2], [1, 3, 1], [2, 1, 1], [1, 1, 2]]) {
      const sums: Float32Array[] = [];
      let from = 0;
      let saved: Float32Array[] = [];
      for (const [k, threads] of crew.entries()) {
        const to = k === crew.length - 1 ? shape.length : cuts[k];
        const [mixer, check] = await open(threads);
        if (from > 0) {
          mixer.state().forEach((array, a) => array.set(saved[a]));
          mixer.resume(from);
        }
        sums.push(advance(mixer, run, from, to));
        saved = mixer.state().map((array) => array.slice());
        from = to;
        await mixer.close();
        check();
      }
      const all = Buffer.concat(sums.map((part) => Buffer.from(part.buffer)));
      const floats = new Float32Array(all.buffer, all.byteOffset, all.length / 4);
      whole ??= floats.slice();
      expect({ trial, crew, same: Buffer.compare(all, Buffer.from(whole.buffer)) === 0 }).toEqual({
        trial,
        crew,
        same: true,
      });
    }
    expect(relL2(whole!, directPending(run))).toBeLessThanOrEqual(mixerGate(shape.length));
  }
});

test('a run that goes back to an earlier point finds nothing of what was under way', async () => {
  const random = new Random(94);
  for (const threads of [1, 2, 2, 3]) {
    const shape = { convolutions: 2, width: random.int(1, 20), length: random.int(600, 1500) };
    const plan = farPlan(shape.length, random);
    const run = randomRun(shape, random);
    const [whole, again] = await withMixer({ name: 'tiled', shape, plan, threads }, (mixer) => {
      run.taps.forEach((taps, convolution) => mixer.setFilter(convolution, taps));
      // While a far tile is under way.
      const far = plan.levels[deferredLevels(tilingOf(plan)).far[0]].side;
      const within = dueWithin(slackOf(far));
      const cut = far * random.int(1, Math.floor(shape.length / far) - 1) + random.int(1, within - 1);
      const before = advance(mixer, run, 0, cut);
      const saved = mixer.state().map((array) => array.slice());
      const after = advance(mixer, run, cut, shape.length);
      mixer.state().forEach((array, a) => array.set(saved[a]));
      mixer.resume(cut);
      return [
        [...before, ...after],
        [...before, ...advance(mixer, run, cut, shape.length)],
      ];
    });
    expect(again).toEqual(whole);
    expect(relL2(Float32Array.from(whole), directPending(run))).toBeLessThanOrEqual(mixerGate(shape.length));
  }
});

test('the reference kernels do the same in stages', async () => {
  const random = new Random(92);
  const shape = { convolutions: 1, width: 3, length: 700 };
  const run = randomRun(shape, random);
  const plan = farPlan(shape.length, random);
  const sums = await withMixer({ name: 'tiled', shape, plan, kernels: 'reference' }, (mixer) =>
    runMixer(mixer, run),
  );
  expect(relL2(sums, directPending(run))).toBeLessThanOrEqual(mixerGate(shape.length));
});

test('slots that are written ahead in fresh memory hold what they do in memory cleared after a run', async () => {
  const random = new Random(93);
  for (const threads of [1, 2, 1]) {
    const shape = { convolutions: 2, width: random.int(17, 40), length: random.int(600, 1500) };
    const plan = farPlan(shape.length, random);
    const run = randomRun(shape, random);
    const options = { name: 'tiled' as const, shape, plan, threads };
    const [fresh, cleared] = await withMixer(
      options,
      (mixer) => {
        const first = runMixer(mixer, run);
        mixer.reset();
        return [first, runMixer(mixer, run)];
      },
      { untouched: true },
    );
    expect(Buffer.compare(Buffer.from(fresh.buffer), Buffer.from(cleared.buffer))).toBe(0);
    expect(relL2(fresh, directPending(run))).toBeLessThanOrEqual(mixerGate(shape.length));
  }
});
