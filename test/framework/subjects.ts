import { modalTaps, type Modes } from '../../src/mixer/modes.js';
import {
  convolution,
  dataDependentConvolution,
  linearRecurrence,
  maxPlusConvolution,
  modalFilter,
  drawReal,
  selectiveRecurrence,
  type ContributionMixer,
  type Draw,
  type Vector,
} from '../../src/mixer/framework/index.js';
import type { Random } from '../support/mixing.js';

/** A mixer, inputs, and what the outputs should be, by a formula of its own. */
export interface Example<Input = unknown, Carrier = unknown> {
  readonly mixer: ContributionMixer<Input, Carrier, Vector>;
  readonly inputs: readonly Input[];
  /** z[t], by definition. */
  readonly direct: (t: number) => Vector;
}

export interface Subject {
  readonly name: string;
  /** Outputs are the same to the last bit. */
  readonly exact?: true;
  /** It has `carry`. */
  readonly recurrent?: true;
  readonly make: (length: number, width: number, random: Random) => Example;
  /** An input, for the checker; with the example's width. */
  readonly input: (draw: Draw, width: number) => unknown;
}

/** Looked up once: in the tests' own global object that takes long. */
const { max } = Math;

const vector = (width: number, random: Random): Vector => Float64Array.from(random.floats(width));
const vectors = (length: number, width: number, random: Random): Vector[] =>
  Array.from({ length }, () => vector(width, random));
const drawn = (draw: Draw, width: number): Vector =>
  Float64Array.from({ length: width }, () => drawReal(draw));

/** z by the definition of a convolution. */
function convolved(y: readonly Vector[], tap: (d: number, c: number) => number, t: number): Vector {
  return y[t].map((_, c) => {
    let sum = 0;
    for (let i = 0; i <= t; i++) sum += y[i][c] * tap(t - i, c);
    return sum;
  });
}

/** Random modes inside the unit circle, real or complex. */
export function randomModes(count: number, width: number, random: Random, complex: boolean): Modes {
  const size = count * width;
  const [poles, residues] = [random.floats(size), random.floats(size)];
  if (!complex) return { width, poles: { re: poles.map((p) => 0.99 * p) }, residues: { re: residues } };
  const angles = random.floats(size).map((a) => Math.PI * a);
  const radius = poles.map((p) => 0.98 * Math.abs(p));
  return {
    width,
    poles: {
      re: radius.map((r, n) => r * Math.cos(angles[n])),
      im: radius.map((r, n) => r * Math.sin(angles[n])),
    },
    residues: { re: residues, im: random.floats(size) },
  };
}

function convolutions(
  name: string,
  rows: (length: number) => number,
  headsOf: (width: number) => number,
): Subject {
  return {
    name,
    make(length, width, random) {
      const heads = headsOf(width);
      const count = rows(length);
      const taps = Float64Array.from(random.floats(count * heads));
      const inputs = vectors(length, width, random);
      const headOf = Array.from({ length: width }, (_, c) => Math.floor((c * heads) / width));
      const tap = (d: number, c: number): number => (d < count ? taps[d * heads + headOf[c]] : 0);
      return {
        mixer: convolution(taps, { width, heads }),
        inputs,
        direct: (t: number) => convolved(inputs, tap, t),
      };
    },
    input: drawn,
  };
}

function modal(name: string, complex: boolean): Subject {
  return {
    name,
    recurrent: true,
    make(length, width, random) {
      const modes = randomModes(3, width, random, complex);
      const taps = modalTaps(modes, length);
      const inputs = vectors(length, width, random);
      return {
        mixer: modalFilter(modes),
        inputs,
        direct: (t: number) => convolved(inputs, (d, c) => taps[d * width + c], t),
      };
    },
    input: drawn,
  };
}

export const SUBJECTS: readonly Subject[] = [
  convolutions(
    'long convolution',
    (length) => length,
    (width) => width,
  ),
  convolutions(
    'multi-head long convolution',
    (length) => length,
    () => 1,
  ),
  convolutions(
    'window',
    () => 7,
    (width) => width,
  ),
  {
    name: 'convolution with data-dependent filters',
    make(length, width, random) {
      const [y, taps] = [vectors(length, width, random), vectors(length, width, random)];
      return {
        mixer: dataDependentConvolution(width),
        inputs: y.map((value, t) => ({ y: value, tap: taps[t] })),
        direct: (t: number) => convolved(y, (d, c) => taps[d][c], t),
      };
    },
    input: (draw, width) => ({ y: drawn(draw, width), tap: drawn(draw, width) }),
  },
  {
    name: 'linear recurrence',
    recurrent: true,
    make(length, width, random) {
      const decay = vectors(length + 30, width, random);
      const inputs = vectors(length, width, random);
      const z: Vector[] = [];
      for (let t = 0; t < length; t++) {
        z.push(inputs[t].map((value, c) => value + (t > 0 ? decay[t][c] * z[t - 1][c] : 0)));
      }
      return { mixer: linearRecurrence((t) => decay[t]), inputs, direct: (t: number) => z[t] };
    },
    input: drawn,
  },
  {
    name: 'selective recurrence',
    recurrent: true,
    make(length, width, random) {
      const [y, decay] = [vectors(length, width, random), vectors(length, width, random)];
      const z: Vector[] = [];
      for (let t = 0; t < length; t++) {
        z.push(y[t].map((value, c) => value + (t > 0 ? decay[t][c] * z[t - 1][c] : 0)));
      }
      return {
        mixer: selectiveRecurrence(width),
        inputs: y.map((value, t) => ({ y: value, decay: decay[t] })),
        direct: (t: number) => z[t],
      };
    },
    input: (draw, width) => ({ y: drawn(draw, width), decay: drawn(draw, width) }),
  },
  modal('modal filter with real poles', false),
  modal('modal filter with complex poles', true),
  {
    name: 'max-plus convolution',
    exact: true,
    make(length, width, random) {
      const taps = Float64Array.from(random.floats(length * width));
      const inputs = vectors(length, width, random);
      return {
        mixer: maxPlusConvolution(taps, width),
        inputs,
        direct: (t: number) =>
          inputs[t].map((_, c) => {
            let most = -Infinity;
            for (let i = 0; i <= t; i++) most = max(most, inputs[i][c] + taps[(t - i) * width + c]);
            return most;
          }),
      };
    },
    input: drawn,
  },
];
