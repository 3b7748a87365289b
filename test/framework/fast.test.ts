/** The mixers with SIMD kernels, in the same engine, against float64. */
import {
  convolution,
  fastConvolution,
  fastDataDependentConvolution,
  GenericEngine,
  type Schedule,
  type Sequence,
} from '../../src/mixer/framework/index.js';
import { binaryPlan, flatPlan, planFor, tilingOf } from '../../src/mixer/plan/index.js';
import { binaryLevels } from '../../src/mixer/schedule/index.js';
import { mixerGate, Random, randomPlan, relL2 } from '../support/mixing.js';

interface Fast {
  readonly make: () => Sequence<unknown, Float32Array>;
  readonly schedule: Schedule;
  readonly inputs: readonly unknown[];
  readonly direct: (t: number, c: number) => number;
}

type Make = (length: number, width: number, random: Random) => Fast;

const rows = (length: number, width: number, random: Random): Float32Array[] =>
  Array.from({ length }, () => random.floats(width));

const convolved =
  (y: readonly Float32Array[], tap: (d: number, c: number) => number) =>
  (t: number, c: number): number => {
    let sum = 0;
    for (let i = 0; i <= t; i++) sum += y[i][c] * tap(t - i, c);
    return sum;
  };

const long =
  (headsOf: (width: number, random: Random) => number): Make =>
  (length, width, random) => {
    const heads = headsOf(width, random);
    const taps = random.floats(length * heads);
    const inputs = rows(length, width, random);
    // What the tests' own plans have besides takes too long for many positions.
    const plan =
      length > 4000 ? random.pick([planFor, binaryPlan, flatPlan])(length) : randomPlan(length, random);
    return {
      make: () => fastConvolution(taps, { width, heads }, plan),
      schedule: tilingOf(plan),
      inputs,
      direct: convolved(inputs, (d, c) => taps[d * heads + Math.floor((c * heads) / width)]),
    };
  };

/** Heads of one channel or more. */
const someHeads = (width: number, random: Random): number => {
  const heads = Array.from({ length: width }, (_, k) => k + 1).filter((count) => width % count === 0);
  return random.pick(heads);
};

const fastMixers: Record<string, Make> = {
  'long convolution': long((width) => width),
  'multi-head long convolution': long(someHeads),
  'data-dependent filters'(length, width, random) {
    const [y, taps] = [rows(length, width, random), rows(length, width, random)];
    return {
      make: () => fastDataDependentConvolution(width, length),
      schedule: binaryLevels(length),
      inputs: y.map((value, t) => ({ y: value, tap: taps[t] })),
      direct: convolved(y, (d, c) => taps[d][c]),
    };
  },
};

/** Some positions' outputs, of a run that is saved and resumed on the way. */
function check({ make, schedule, inputs, direct }: Fast, width: number, cut: number, every: number): void {
  const length = inputs.length;
  let engine = new GenericEngine([make()], length, schedule);
  const [got, want]: number[][] = [[], []];
  for (let t = 0; t < length; t++) {
    if (t === cut) {
      const state = structuredClone(engine.state());
      engine = new GenericEngine([make()], length, schedule);
      engine.resume(t, state);
    }
    const z = engine.mix(0, inputs[t]);
    engine.advance();
    for (let c = 0; c < width && (t % every === 0 || t === length - 1); c++) {
      got.push(z[c]);
      want.push(direct(t, c));
    }
  }
  expect(relL2(got, want)).toBeLessThanOrEqual(mixerGate(length));
}

describe.each(Object.entries(fastMixers))('the fast %s', (_, make) => {
  test('for every length up to 256, saved anywhere', () => {
    const random = new Random(91);
    for (let length = 2; length <= 256; length++) {
      const width = length % 16 === 0 ? 24 : 2;
      check(make(length, width, random), width, random.int(0, length - 1), length > 33 ? 5 : 1);
    }
  });

  test('for long ones, some outputs', () => {
    const random = new Random(92);
    for (const most of [4000, 65_536]) {
      const length = random.int(most / 2, most);
      check(make(length, 4, random), 4, random.int(0, length - 1), Math.floor(length / 40));
    }
  });
});

test('what is kept of filters falls by the width of heads', () => {
  const [width, length] = [256, 2048];
  const plan = binaryPlan(length);
  const pages = (heads: number): number => {
    const { Memory } = WebAssembly;
    const sizes: number[] = [];
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: ConstructorParameters<typeof Memory>[0]) {
        super(descriptor);
        sizes.push(descriptor.initial);
      }
    };
    try {
      fastConvolution(new Float32Array(length * heads), { width, heads }, plan);
    } finally {
      WebAssembly.Memory = Memory;
    }
    return sizes[0];
  };
  // Slots, which each channel has, are what is left.
  const slots = (width * length * 4) / 2 ** 16;
  expect(pages(width)).toBeGreaterThan(2.5 * slots);
  for (const heads of [1, 8, 16]) expect(pages(heads)).toBeLessThan(1.3 * slots);
});

test('the fast ones say what they cannot do', () => {
  const random = new Random(93);
  const long = fastConvolution(random.floats(8), { width: 2 }, randomPlan(4, random));
  expect(() => long.contribute({ from: 0, to: 1 }, { from: 1, to: 2 })).toThrow('those of a plan');
  const relaxed = fastDataDependentConvolution(1, 8);
  expect(() => relaxed.contribute({ from: 0, to: 3 }, { from: 3, to: 4 })).toThrow('the binary schedule');
  expect(() => fastConvolution(random.floats(8), { width: 3, heads: 2 }, randomPlan(4, random))).toThrow(
    '3 channels are not 2 equal heads',
  );
  expect(() => convolution([1, 2, 3], { width: 2 })).toThrow('rows of 2');
});
