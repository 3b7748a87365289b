import {
  checkMixer,
  GenericEngine,
  recurrent,
  sequenceOf,
  type ContributionMixer,
  type Schedule,
  type Vector,
} from '../../src/mixer/framework/index.js';
import { rangeRoutine } from '../../src/mixer/framework/sequence.js';
import { binaryLevels, flatLevels } from '../../src/mixer/schedule/index.js';
import { levelsTo, mixerGate, Random, randomLevels, relL2 } from '../support/mixing.js';
import { SUBJECTS, type Example } from './subjects.js';

const flat = (length: number, random: Random): Schedule => {
  const side = 2 ** random.int(0, Math.min(4, Math.floor(Math.log2(Math.max(1, length - 1)))));
  return side < length ? [...levelsTo(side, random), ...flatLevels(side, length)] : binaryLevels(length);
};

const SCHEDULES: Record<string, (length: number, random: Random) => Schedule> = {
  lazy: () => 'lazy',
  eager: () => 'eager',
  binary: (length) => binaryLevels(length),
  'fan-out': (length, random) => (length > 1 ? randomLevels(length, random) : []),
  flat: (length, random) => (length > 1 ? flat(length, random) : []),
};

/** One layer's outputs, all after one another. */
function run({ mixer, inputs }: Example, schedule: Schedule): number[] {
  const engine = new GenericEngine([sequenceOf(mixer, inputs.length)], inputs.length, schedule);
  return inputs.flatMap((input) => {
    const output = engine.mix(0, input);
    engine.advance();
    return Array.from(output);
  });
}

/** A mixer that does no more of each tile than some outputs need, and gives no others: what a long run can be tested by. */
function forSome(mixer: Example['mixer'], picked: readonly number[]): Example['mixer'] {
  const contribute = rangeRoutine(mixer);
  const all = [...new Set(picked)];
  return {
    ...mixer,
    contribute(y, inputs, { from, to }, pending) {
      for (const j of all) {
        if (j >= from && j < to) contribute(y, inputs, { from: j, to: j + 1 }, pending);
      }
    },
  };
}

const directly = ({ inputs, direct }: Example): number[] => inputs.flatMap((_, t) => Array.from(direct(t)));

describe.each(SUBJECTS)('$name', ({ make, input, exact }) => {
  const check = (got: readonly number[], want: readonly number[], length: number): void => {
    if (exact) expect(got).toEqual(want);
    else expect(relL2(got, want)).toBeLessThanOrEqual(mixerGate(length));
  };

  test('is direct under every schedule, for every length up to 256', () => {
    const random = new Random(61);
    for (let length = 1; length <= 256; length++) {
      const example = make(length, length % 8 === 0 ? 2 : 1, random);
      const width = example.direct(0).length;
      // Of longer ones, the outputs that the last tiles reach, and some of the others; and tilings in turn.
      const picked = example.inputs
        .map((_, t) => t)
        .filter((t) => length <= 33 || t > length - 9 || t % 7 === 0);
      const want = picked.flatMap((t) => Array.from(example.direct(t)));
      for (const [k, schedule] of Object.values(SCHEDULES).entries()) {
        if (length > 33 && k !== (length % 32 === 0 ? length / 32 : 2 + (length % 3)) % 5) continue;
        const got = run(example, schedule(length, random));
        check(
          picked.flatMap((t) => got.slice(t * width, (t + 1) * width)),
          want,
          length,
        );
      }
    }
  });

  test('random lengths up to 65,536, and plans, a few outputs of each', () => {
    const random = new Random(62);
    for (const most of [2000, 20_000, 65_536]) {
      const length = random.int(most / 2, most);
      const example = make(length, 1, random);
      const picked = [length - 1, ...Array.from({ length: 9 }, () => random.int(0, length - 1))];
      const schedule = random.pick(Object.values(SCHEDULES))(length, random);
      // Of a short one, all outputs are computed.
      const mixer = most > 2000 ? forSome(example.mixer, picked) : example.mixer;
      const got = run({ ...example, mixer }, schedule);
      check(
        picked.map((t) => got[t]),
        picked.map((t) => example.direct(t)[0]),
        length,
      );
    }
  });

  test('layers in turn, as lanes of their own, saved and resumed anywhere', () => {
    const random = new Random(63);
    for (const schedule of Object.values(SCHEDULES)) {
      const length = random.int(2, 90);
      const lanes = [make(length, 2, random), make(length, 2, random), make(length, 2, random)];
      const levels = schedule(length, random);
      const fresh = (): GenericEngine<unknown, Vector> =>
        new GenericEngine(
          lanes.map(({ mixer }) => sequenceOf(mixer, length)),
          length,
          levels,
        );
      let engine = fresh();
      const got: number[][] = lanes.map(() => []);
      const cut = random.int(0, length - 1);
      for (let t = 0; t < length; t++) {
        if (t === cut) {
          const state = structuredClone(engine.state());
          engine = fresh();
          engine.resume(t, state);
        }
        lanes.forEach(({ inputs }, layer) => got[layer].push(...engine.mix(layer, inputs[t])));
        engine.advance();
      }
      lanes.forEach((example, layer) => check(got[layer], directly(example), length));
    }
  });

  test('has all the properties', () => {
    for (const width of [1, 2]) {
      const { mixer } = make(40, width, new Random(64));
      expect(checkMixer(mixer, { input: (draw) => input(draw, width) })).toBeUndefined();
    }
  });
});

test.each(SUBJECTS.filter(({ recurrent: recurs }) => recurs))(
  '$name as a recurrence, which holds one carrier',
  ({ make }) => {
    const random = new Random(65);
    const length = 700;
    const example = make(length, 2, random);
    let engine = new GenericEngine([recurrent(example.mixer)], length, binaryLevels(length));
    const got = example.inputs.flatMap((input, t) => {
      if (t === 400) {
        const state = structuredClone(engine.state());
        engine = new GenericEngine([recurrent(example.mixer)], length, 'lazy');
        engine.resume(t, state);
      }
      const output = engine.mix(0, input);
      engine.advance();
      return Array.from(output);
    });
    expect(relL2(got, directly(example))).toBeLessThanOrEqual(mixerGate(length));
  },
);

/** The free monoid: what is aggregated is the list of inputs itself, so an output shows the order in which they came. */
const list: ContributionMixer<number, readonly number[], readonly number[]> = {
  identity: () => [],
  cont: (y, i) => [y[i]],
  agg: (a, b) => [...a, ...b],
  read: (all) => all,
};

test.each(Object.entries(SCHEDULES))(
  '%s aggregates in the order of the inputs, in every layer',
  (_, schedule) => {
    const random = new Random(66);
    for (let length = 1; length <= 100; length += length < 40 ? 1 : 9) {
      const layers = random.int(1, 5);
      const sequences = Array.from({ length: layers }, () => sequenceOf(list, length));
      const engine = new GenericEngine(sequences, length, schedule(length, random));
      for (let t = 0; t < length; t++) {
        for (let layer = 0; layer < layers; layer++) {
          const order = engine.mix(layer, t);
          if (order.length !== t + 1 || order.some((input, i) => input !== i))
            expect(order).toBe('0, 1, 2 ...');
        }
        engine.advance();
      }
    }
  },
);

test('mixers of different kinds are layers of one model', () => {
  const random = new Random(67);
  const length = 130;
  const examples = SUBJECTS.filter(({ name }) => /long convolution|window|modal|linear/.test(name)).map(
    ({ make }) => make(length, 2, random),
  );
  const engine = new GenericEngine(
    examples.map(({ mixer }, k) =>
      k % 2 === 1 && mixer.carry ? recurrent(mixer) : sequenceOf(mixer, length),
    ),
    length,
    binaryLevels(length),
  );
  const got = examples.map((): number[] => []);
  for (let t = 0; t < length; t++) {
    examples.forEach(({ inputs }, layer) => got[layer].push(...engine.mix(layer, inputs[t])));
    engine.advance();
  }
  examples.forEach((example, k) =>
    expect(relL2(got[k], directly(example))).toBeLessThanOrEqual(mixerGate(length)),
  );
});

test('layers come in turn, and positions end', () => {
  const sequences = [sequenceOf(list, 2), sequenceOf(list, 2)];
  const engine = new GenericEngine(sequences, 2, 'lazy');
  expect(() => engine.mix(1, 0)).toThrow('layer 0 comes next, not 1');
  engine.mix(0, 0);
  expect(() => engine.advance()).toThrow('layer 1 has not been mixed');
  engine.mix(1, 0);
  engine.advance();
  engine.mix(0, 1);
  engine.mix(1, 1);
  engine.advance();
  expect(() => engine.mix(0, 2)).toThrow('all 2 positions are used');
});
