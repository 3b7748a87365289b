import {
  checkMixer,
  convolution,
  GenericEngine,
  linearRecurrence,
  drawReal,
  sequenceOf,
  type ContributionMixer,
  type Draw,
  type Vector,
} from '../../src/mixer/framework/index.js';
import { binaryLevels } from '../../src/mixer/schedule/index.js';
import { Random } from '../support/mixing.js';

const taps = [0.5, 0.25, -1, 2, 3, -0.5, 1, 1, 1, 1, 1, 1, 1];
const sound = convolution(taps, { width: 1 });
const input = (draw: Draw): Vector => Float64Array.of(drawReal(draw));

describe('the checker finds', () => {
  test('an aggregate that depends on the grouping', () => {
    const faulty = { ...sound, agg: (a: Vector, b: Vector) => a.map((value, c) => (value + b[c]) / 2) };
    const found = checkMixer(faulty, { input });
    expect(found?.property).toBe('associativity');
    expect(found?.message).toMatch(
      /^agg\(agg\(a, b\), c\) = .*\nagg\(a, agg\(b, c\)\) = .*\nwith a = .*, b = .*, c = /,
    );
  });

  test('a contribution that peeks at the query, in the smallest case there is', () => {
    const faulty: typeof sound = {
      ...sound,
      cont: (y, i, j) => sound.cont(y, i, j).map((value, c) => value + (y[j]?.[c] ?? 0)),
    };
    const found = checkMixer(faulty, { input });
    expect(found?.property).toBe('query-independence');
    // One input before the query, and all but the query 0.
    expect(found?.message).toMatch(
      /^cont\(y, 0, 1\) = \[.*\]\nbut \[.*\] (if later inputs are others|before input 1 is known)\nwith y = \[\[-?0\], \[.*\]\]/,
    );
  });

  test('a range that is off by one', () => {
    const faulty: typeof sound = {
      ...sound,
      contribute: (y, { from, to }, outputs, pending) =>
        sound.contribute?.(y, { from, to: Math.max(from, to - 1) }, outputs, pending),
    };
    const found = checkMixer(faulty, { input });
    expect(found?.property).toBe('range routine');
    expect(found?.message).toMatch(/^inputs 0 to 0 contribute to outputs 1 to 1: pending\[1\] = \[0\]\nbut /);
  });

  test('a range routine that writes beside its range', () => {
    const faulty: typeof sound = {
      ...sound,
      contribute(y, inputs, outputs, pending) {
        sound.contribute?.(y, inputs, outputs, pending);
        if (outputs.to < pending.length) pending[outputs.to][0]++;
      },
    };
    expect(checkMixer(faulty, { input })?.property).toBe('range routine');
  });

  test('an identity that is none, arguments that change, a short reach, a wrong way of carrying, an exception', () => {
    const broken: [string, Partial<typeof sound>][] = [
      ['identity', { identity: () => Float64Array.of(1) }],
      ['purity', { agg: (a, b) => a.map((_, c) => (a[c] += b[c])) }],
      ['reach', { reach: 3 }],
      ['carrying', { carry: (sum) => sum }],
    ];
    for (const [property, fault] of broken) {
      const found = checkMixer({ ...sound, ...fault }, { input });
      expect(found?.property).toBe(property);
    }
    const throwing = {
      ...sound,
      agg: () => {
        throw new TypeError('no');
      },
    };
    expect(checkMixer(throwing, { input })?.message).toBe('throws TypeError: no');
  });

  test('nothing in a sound mixer, with a notion of sameness of its own', () => {
    const decay = linearRecurrence(() => [0.5]);
    expect(checkMixer(decay, { input, same: (a, b) => Math.abs(a[0] - b[0]) < 1e-6 })).toBeUndefined();
  });
});

/** Query, key, value: one number each. */
interface Attended {
  readonly q: number;
  readonly k: number;
  readonly v: number;
}

/** Softmax attention: pairs (sum of e^(qk) v, sum of e^(qk)). */
const attention: ContributionMixer<Attended, readonly [number, number], number> = {
  identity: () => [0, 0],
  cont(x, i, j) {
    const weight = Math.exp((x[j]?.q ?? 0) * x[i].k);
    return [weight * x[i].v, weight];
  },
  agg: ([a, b], [c, d]) => [a + c, b + d],
  read: ([value, weight]) => value / weight,
};

describe('softmax attention', () => {
  test('is contribution-based and not query-independent, says the checker', () => {
    const found = checkMixer(attention, {
      input: (draw) => ({ q: drawReal(draw), k: drawReal(draw), v: drawReal(draw) }),
    });
    expect(found?.property).toBe('query-independence');
  });

  test('comes out wrong from tiles, which do not know the queries of their outputs', () => {
    const random = new Random(71);
    const length = 32;
    const x = Array.from({ length }, () => {
      const [q, k, v] = random.floats(3);
      return { q, k, v };
    });
    const direct = x.map(({ q }, t) => {
      const weights = x.slice(0, t + 1).map(({ k }) => Math.exp(q * k));
      const total = weights.reduce((a, b) => a + b);
      return weights.reduce((sum, weight, i) => sum + weight * x[i].v, 0) / total;
    });
    const through = (schedule: 'binary' | 'direct'): number[] => {
      const engine = new GenericEngine([sequenceOf(attention, length)], length, binaryLevels(length));
      return x.map((input, t) => {
        if (schedule === 'direct') {
          let sum = attention.identity();
          for (let i = 0; i <= t; i++) sum = attention.agg(sum, attention.cont(x, i, t));
          return attention.read(sum, t);
        }
        const z = engine.mix(0, input);
        engine.advance();
        return z;
      });
    };
    const off = (z: readonly number[]): number =>
      Math.max(...z.map((value, t) => Math.abs(value - direct[t])));
    // By its definition it is right, and its first output is in any case.
    expect(off(through('direct'))).toBeLessThan(1e-12);
    expect(off(through('binary').slice(0, 1))).toBeLessThan(1e-12);
    expect(off(through('binary'))).toBeGreaterThan(0.01);
  });
});
