import { randomNumbers } from './random.js';

/** Seeded choices: the same ones every time. */
export interface Choices {
  /** A whole number from 0 to `count` - 1. */
  readonly below: (count: number) => number;
  readonly oneOf: <T>(list: readonly T[]) => T;
}

export function choices(seed: number): Choices {
  const random = randomNumbers(seed);
  const below = (count: number): number => Math.floor(random() * count);
  return { below, oneOf: (list) => list[below(list.length)] };
}

/** A value in place of another in JSON: what programs trip over. */
export const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  '',
  '8',
  'ndarray-fft',
  [],
  [null],
  {},
  -1,
  -0.5,
  0,
  0.5,
  1,
  2,
  3,
  7,
  8,
  255,
  256,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e300,
  5e-324,
];
