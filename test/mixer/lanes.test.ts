import { createMixer, type Mixer, type MixerName } from '../../src/mixer/index.js';
import { flatPlan, planFor } from '../../src/mixer/plan/planner.js';
import {
  garbageMemory,
  MIXERS,
  Random,
  randomPlan,
  randomRun,
  runMixer,
  withMixer,
  type Run,
} from '../support/mixing.js';

const CASES = MIXERS.flatMap((name) => [1, 2].map((threads) => [name, threads] as const));

/** One position of a run, `[convolution, channel]`. */
function inputsAt({ shape, y }: Run, t: number): Float32Array[] {
  return y.map((convolution) => convolution.subarray(t * shape.width, (t + 1) * shape.width));
}

describe.each(CASES)('the lanes of a %s mixer on %i thread(s)', (name, threads) => {
  test('each give what a mixer of their own gives, bit by bit, whenever they start and end', async () => {
    const random = new Random(61);
    for (let trial = 0; trial < (threads === 1 ? 6 : 2); trial++) {
      const lanes = random.int(2, 5);
      const shape = { convolutions: random.int(1, 3), width: random.int(1, 40), length: random.int(20, 400) };
      const { convolutions, width, length } = shape;
      const plan = randomPlan(length, random);
      const first = randomRun(shape, random, true);
      // All sequences have the same filters, but their own inputs and prompts.
      const runs = Array.from({ length: 2 * lanes }, () => ({
        ...randomRun(shape, random, true),
        taps: first.taps,
      }));
      const alone: Float32Array[] = [];
      for (const run of runs) {
        alone.push(await withMixer({ name, shape, plan }, (mixer) => runMixer(mixer, run)));
      }
      const { internals, check } = garbageMemory(random);
      const together = runs.map(() => new Float32Array(length * convolutions * width));
      await withMixer(
        { name, shape: { ...shape, lanes }, plan, threads },
        (mixer) => {
          first.taps.forEach((taps, convolution) => mixer.setFilter(convolution, taps));
          runLanes(mixer, runs, together, random);
        },
        { ...internals, worthSharing: 0 },
      );
      together.forEach((sums, k) => {
        // A lane may have been retired before its end: what it gave until then must be right.
        const end = sums.findIndex((sum, at) => sum !== alone[k][at]);
        if (end >= 0) expect(sums.subarray(end).every((sum) => sum === 0)).toBe(true);
        expect(end === -1 || end >= convolutions * width).toBe(true);
      });
      check();
    }
  });
});

/** Starts sequences in whatever lane is free, now and then, and retires some before their end. */
function runLanes(mixer: Mixer, runs: readonly Run[], out: readonly Float32Array[], random: Random): void {
  const { convolutions, width, length, lanes = 1 } = mixer.shape;
  const sequence = new Array<number>(lanes).fill(-1);
  for (let lane = 0; lane < lanes; lane++) mixer.retire(lane);
  let next = 0;
  let idle = true;
  const sums = new Float32Array(convolutions * lanes * width);
  const y = new Float32Array(convolutions * lanes * width);
  while (next < runs.length || sequence.some((k) => k >= 0)) {
    for (let lane = 0; lane < lanes; lane++) {
      if (sequence[lane] >= 0 || next === runs.length || random.next() < 0.8) continue;
      sequence[lane] = next++;
      mixer.reset(lane);
      runs[sequence[lane]].before.forEach((values, convolution) =>
        mixer.addPending(convolution, values, lane),
      );
    }
    mixer.pending(sums);
    y.fill(NaN);
    for (let lane = 0; lane < lanes; lane++) {
      const k = sequence[lane];
      const t = mixer.positionOf(lane);
      for (let l = 0; l < convolutions; l++) {
        const at = (l * lanes + lane) * width;
        const part = sums.subarray(at, at + width);
        if (k < 0) idle &&= part.every((sum) => sum === 0);
        else {
          out[k].set(part, (t * convolutions + l) * width);
          y.set(inputsAt(runs[k], t)[l], at);
        }
      }
    }
    mixer.push(y);
    for (let lane = 0; lane < lanes; lane++) {
      if (sequence[lane] < 0) continue;
      const ended = mixer.positionOf(lane) === length;
      if (!ended && random.next() > 0.001) continue;
      if (!ended) mixer.retire(lane);
      sequence[lane] = -1;
    }
  }
  expect(idle).toBe(true);
}

describe.each(CASES)('a %s mixer on %i thread(s) stopped anywhere', (name, threads) => {
  test('goes on in another one as if nothing had happened, bit by bit', async () => {
    const random = new Random(62);
    for (let trial = 0; trial < 6 / threads; trial++) {
      const length = random.int(10, 900);
      const shape = { convolutions: 2, width: 20, length };
      const plan = trial % 2 === 0 ? flatPlan(length) : randomPlan(length, random);
      const run = randomRun(shape, random, true);
      const whole = await withMixer({ name, shape, plan }, (mixer) => runMixer(mixer, run));
      const stop = random.int(0, length);
      const halves = new Float32Array(whole.length);
      let saved: Float32Array[] = [];
      await withMixer({ name, shape, plan, threads }, (mixer) => {
        setUp(mixer, run, true);
        advance(mixer, run, halves, stop);
        saved = mixer.state().map((array) => array.slice());
      });
      const { internals } = garbageMemory(random);
      await withMixer(
        { name, shape, plan, threads },
        (mixer) => {
          setUp(mixer, run, false);
          mixer.state().forEach((array, k) => array.set(saved[k]));
          mixer.resume(stop);
          expect(mixer.position).toBe(stop);
          advance(mixer, run, halves, length);
        },
        internals,
      );
      expect(Buffer.compare(Buffer.from(halves.buffer), Buffer.from(whole.buffer))).toBe(0);
    }
  });
});

function setUp(mixer: Mixer, { taps, before }: Run, prompt: boolean): void {
  taps.forEach((filter, convolution) => mixer.setFilter(convolution, filter));
  if (prompt) before.forEach((values, convolution) => mixer.addPending(convolution, values));
}

/** Runs a mixer of one lane up to a position. */
function advance(mixer: Mixer, run: Run, out: Float32Array, end: number): void {
  const { convolutions, width } = mixer.shape;
  const y = new Float32Array(convolutions * width);
  while (mixer.position < end) {
    const t = mixer.position;
    mixer.pending(out.subarray(t * convolutions * width, (t + 1) * convolutions * width));
    inputsAt(run, t).forEach((part, convolution) => y.set(part, convolution * width));
    mixer.push(y);
  }
}

test.each<MixerName>(['tiled', 'eager'])(
  'a %s mixer refuses lanes and positions it has not',
  async (name) => {
    const shape = { convolutions: 1, width: 4, length: 8, lanes: 2 };
    const mixer = await createMixer({ name, shape });
    expect(mixer.plan).toEqual(planFor(8));
    expect(() => mixer.retire(2)).toThrow('lane: expected 0 to 1, got 2');
    expect(() => mixer.reset(-1)).toThrow('lane: expected 0 to 1, got -1');
    expect(() => mixer.addPending(0, new Float32Array(4), 2)).toThrow('lane: expected 0 to 1, got 2');
    expect(() => mixer.resume(9)).toThrow('position: expected a whole number from 0 to 8, got 9');
    expect(() => mixer.pending(new Float32Array(4))).toThrow('expected 8 values (1 x 2 x 4), got 4');
    await expect(createMixer({ name, shape: { ...shape, lanes: 0 } })).rejects.toThrow(/^lanes: expected/);
    await mixer.close();
  },
);
