import type { Range } from '../schedule/index.js';
import type { ContributionMixer } from './contract.js';
import { firstFailure, drawWhole, type Draw, type Trial } from './draw.js';
import { rangeByDefinition } from './sequence.js';

/** What a mixer's functions promise; see `ContributionMixer`. */
export type Property =
  'associativity' | 'identity' | 'purity' | 'query-independence' | 'range routine' | 'carrying' | 'reach';

/** What `checkMixer` takes. */
export interface CheckOptions<Input, Carrier> {
  /** Makes an input; the simplest one where every draw is 0. See `drawReal`. */
  readonly input: (draw: Draw) => Input;
  /** Whether two carriers are the same. Default: the same structure, numbers being within 1e-9 of each other or of their size. */
  readonly same?: (a: Carrier, b: Carrier) => boolean;
  /** Cases for each property. Default 300. */
  readonly trials?: number;
  /** The most positions a case has. Default 12. */
  readonly length?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** The simplest case found in which a mixer breaks a promise. */
export interface Counterexample {
  readonly property: Property;
  /** The case and what came out, for people. */
  readonly message: string;
}

/**
 * Looks for a case in which a mixer is not what the framework needs, among random ones. Finding none proves nothing, but the
 * faults that are easily made (an aggregate that depends on the grouping, a contribution that looks at its output's input,
 * a range that is off by one) fail most cases.
 */
export function checkMixer<Input, Carrier>(
  mixer: ContributionMixer<Input, Carrier, unknown>,
  options: CheckOptions<Input, Carrier>,
): Counterexample | undefined {
  const { trials = 300, seed = 1 } = options;
  const random = generator(seed);
  for (const [property, trial] of Object.entries(properties(mixer, options))) {
    const guarded: Trial = (draw) => {
      try {
        return trial(draw);
      } catch (error) {
        return `throws ${String(error)}`;
      }
    };
    const message = firstFailure(guarded, trials, random);
    if (message !== undefined) return { property: property as Property, message };
  }
  return undefined;
}

function properties<Input, Carrier>(
  mixer: ContributionMixer<Input, Carrier, unknown>,
  { input, same = sameNumbers, length: most = 12 }: CheckOptions<Input, Carrier>,
): Record<Property, Trial> {
  const agg = mixer.agg.bind(mixer);
  const drawInputs = (draw: Draw, count: number): Input[] => Array.from({ length: count }, () => input(draw));
  /** What the inputs of a range contribute to output j, in one. */
  const aggregate = (y: readonly Input[], { from, to }: Range, j: number): Carrier => {
    let sum = mixer.identity();
    for (let i = from; i < to; i++) sum = agg(sum, mixer.cont(y, i, j));
    return sum;
  };
  /** Three ranges, one after the other, and an output at their end or later; what each contributes to it. */
  const three = (draw: Draw): { y: Input[]; j: number; parts: () => [Carrier, Carrier, Carrier] } => {
    const a = drawWhole(draw, 1, Math.max(1, most - 3));
    const b = drawWhole(draw, a + 1, Math.max(a + 1, most - 2));
    const c = drawWhole(draw, b + 1, Math.max(b + 1, most - 1));
    const j = drawWhole(draw, c - 1, Math.max(c, most));
    const y = drawInputs(draw, j + 1);
    return {
      y,
      j,
      parts: () => [
        aggregate(y, { from: 0, to: a }, j),
        aggregate(y, { from: a, to: b }, j),
        aggregate(y, { from: b, to: c }, j),
      ],
    };
  };

  return {
    purity(draw) {
      const { y, j, parts } = three(draw);
      const copy = structuredClone(y);
      const [a, b] = parts();
      const [wanted, other] = parts();
      agg(a, b);
      if (same(a, wanted) && same(b, other) && show(y) === show(copy)) return undefined;
      return lines('agg or cont has changed its arguments', '', { y, a: wanted, b: other, 'of output': j });
    },

    associativity(draw) {
      const { j, parts } = three(draw);
      const [a, b, c] = parts();
      const left = agg(agg(a, b), c);
      const right = agg(a, agg(b, c));
      if (same(left, right)) return undefined;
      return lines(`agg(agg(a, b), c) = ${show(left)}`, `agg(a, agg(b, c)) = ${show(right)}`, {
        a,
        b,
        c,
        'of output': j,
      });
    },

    identity(draw) {
      const [a] = three(draw).parts();
      const [before, after] = [agg(mixer.identity(), a), agg(a, mixer.identity())];
      if (same(before, a) && same(after, a)) return undefined;
      return lines(`agg(identity, a) = ${show(before)}`, `agg(a, identity) = ${show(after)}`, { a });
    },

    'query-independence'(draw) {
      const i = drawWhole(draw, 0, most - 2);
      const j = drawWhole(draw, i + 1, most - 1);
      const y = drawInputs(draw, j + 1);
      const other = [...y.slice(0, i + 1), ...drawInputs(draw, j - i)];
      const then = mixer.cont(other, i, j);
      const now = mixer.cont(y, i, j);
      if (!same(now, then)) {
        return lines(`cont(y, ${i}, ${j}) = ${show(now)}`, `but ${show(then)} if later inputs are others`, {
          y,
          others: other.slice(i + 1),
        });
      }
      const early = mixer.cont(y.slice(0, i + 1), i, j);
      if (same(early, now)) return undefined;
      return lines(
        `cont(y, ${i}, ${j}) = ${show(now)}`,
        `but ${show(early)} before input ${i + 1} is known`,
        { y },
      );
    },

    'range routine'(draw) {
      if (mixer.contribute === undefined) return undefined;
      const from = drawWhole(draw, 0, most - 2);
      const to = drawWhole(draw, from + 1, most - 1);
      const first = drawWhole(draw, to, most - 1);
      const [inputs, outputs] = [
        { from, to },
        { from: first, to: drawWhole(draw, first + 1, most) },
      ];
      const y = drawInputs(draw, to);
      const before = (): Carrier[] =>
        Array.from({ length: most }, (_, j) => aggregate(y, { from: 0, to: Math.min(from, j) }, j));
      const [got, wanted] = [before(), before()];
      mixer.contribute(y, inputs, outputs, got);
      rangeByDefinition(mixer)(y, inputs, outputs, wanted);
      const wrong = wanted.findIndex((value, j) => !same(got[j], value));
      if (wrong < 0) return undefined;
      return lines(
        `inputs ${from} to ${to - 1} contribute to outputs ${first} to ${outputs.to - 1}: pending[${wrong}] = ${show(got[wrong])}`,
        `but ${show(wanted[wrong])} by cont and agg`,
        { y },
      );
    },

    carrying(draw) {
      if (mixer.carry === undefined) return undefined;
      const carry = mixer.carry.bind(mixer);
      const { y, j, parts } = three(draw);
      const i = drawWhole(draw, 0, j);
      const [carried, next] = [carry(mixer.cont(y, i, j), j), mixer.cont(y, i, j + 1)];
      if (!same(carried, next)) {
        return lines(
          `carry(cont(y, ${i}, ${j}), ${j}) = ${show(carried)}`,
          `cont(y, ${i}, ${j + 1}) = ${show(next)}`,
          {
            y,
          },
        );
      }
      const [a, b] = parts();
      const [together, apart] = [carry(agg(a, b), j), agg(carry(a, j), carry(b, j))];
      if (same(together, apart)) return undefined;
      return lines(`carry(agg(a, b), ${j}) = ${show(together)}`, `of each by itself: ${show(apart)}`, {
        a,
        b,
      });
    },

    reach(draw) {
      const { reach } = mixer;
      if (reach === undefined) return undefined;
      const i = drawWhole(draw, 0, most);
      const y = drawInputs(draw, i + 1);
      const beyond = mixer.cont(y, i, i + reach + drawWhole(draw, 0, most));
      if (same(beyond, mixer.identity())) return undefined;
      return lines(`an input contributes ${show(beyond)} beyond the reach of ${reach}`, '', { y });
    },
  };
}

/** Two findings, and what they were found with. */
function lines(first: string, second: string, facts: Readonly<Record<string, unknown>>): string {
  const withs = Object.entries(facts).map(([name, value]) => `${name} = ${show(value)}`);
  return [first, ...(second === '' ? [] : [second]), `with ${withs.join(', ')}`].join('\n');
}

/** As JSON, but with typed arrays as arrays, and all numbers. */
function show(value: unknown): string {
  if (typeof value === 'number' || value === undefined || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return show(Array.from(value as Float64Array));
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object') {
    return `{ ${Object.entries(value)
      .map(([name, field]) => `${name}: ${show(field)}`)
      .join(', ')} }`;
  }
  return JSON.stringify(value);
}

const TOLERANCE = 1e-9;

function sameNumbers(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b || Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [first, second] = [Object.entries(a), Object.entries(b)];
  return (
    first.length === second.length &&
    first.every(([name, value]) => sameNumbers(value, (b as Record<string, unknown>)[name]))
  );
}

/** Reproducible draws (mulberry32). */
function generator(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
