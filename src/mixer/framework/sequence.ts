import type { Range } from '../schedule/index.js';
import type { ContributionMixer, Sequence } from './contract.js';

/** What a sequence in arrays of carriers consists of. */
interface Arrays<Input, Carrier> {
  readonly inputs: Input[];
  readonly pending: Carrier[];
}

/** A sequence of `length` positions by a mixer's definition, in plain arrays. */
export function sequenceOf<Input, Carrier, Output>(
  mixer: ContributionMixer<Input, Carrier, Output>,
  length: number,
): Sequence<Input, Output> {
  let inputs: Input[] = [];
  let pending = Array.from({ length }, () => mixer.identity());
  const contribute = rangeRoutine(mixer);
  return {
    reach: mixer.reach ?? Infinity,
    mix(t, input) {
      inputs[t] = input;
      return mixer.read(mixer.agg(pending[t], mixer.cont(inputs, t, t)), t);
    },
    contribute: (from, to) => contribute(inputs, from, to, pending),
    state: (): Arrays<Input, Carrier> => ({ inputs, pending }),
    restore(state) {
      ({ inputs, pending } = state as Arrays<Input, Carrier>);
    },
  };
}

/**
 * A sequence of a mixer that can carry its aggregate from one output to the next: what is pending is one carrier, whatever
 * the length, and a token's work is one contribution. Beside it no tiling pays, so there are no tiles: seen by an engine,
 * inputs reach their own output only.
 */
export function recurrent<Input, Carrier, Output>(
  mixer: ContributionMixer<Input, Carrier, Output>,
): Sequence<Input, Output> {
  if (mixer.carry === undefined) throw new RangeError('a recurrent mixer needs `carry`');
  const carry = mixer.carry.bind(mixer);
  let sum = mixer.identity();
  return {
    reach: 1,
    mix(t, input) {
      if (t > 0) sum = carry(sum, t - 1);
      // Of the inputs, the contribution to their own output sees the last one only.
      sum = mixer.agg(sum, own(mixer, t, input));
      return mixer.read(sum, t);
    },
    contribute: () => undefined,
    state: () => sum,
    restore(state) {
      sum = state as Carrier;
    },
  };
}

/** `cont(y, t, t)` of a recurrence, which knows the past by what it carries. */
function own<Input, Carrier>(
  mixer: ContributionMixer<Input, Carrier, unknown>,
  t: number,
  input: Input,
): Carrier {
  const y: Input[] = [];
  y[t] = input;
  return mixer.cont(y, t, t);
}

type RangeRoutine<Input, Carrier> = (
  y: readonly Input[],
  inputs: Range,
  outputs: Range,
  pending: Carrier[],
) => void;

/** A mixer's own range routine, or one made of its other functions. */
export function rangeRoutine<Input, Carrier>(
  mixer: ContributionMixer<Input, Carrier, unknown>,
): RangeRoutine<Input, Carrier> {
  if (mixer.contribute !== undefined) return mixer.contribute.bind(mixer);
  return mixer.carry === undefined ? rangeByDefinition(mixer) : rangeByCarrying(mixer);
}

/** Every input's contribution to every output, one by one. */
export function rangeByDefinition<Input, Carrier>(
  mixer: ContributionMixer<Input, Carrier, unknown>,
): RangeRoutine<Input, Carrier> {
  return (y, inputs, outputs, pending) => {
    for (let j = outputs.from; j < outputs.to; j++) {
      for (let i = inputs.from; i < inputs.to; i++) pending[j] = mixer.agg(pending[j], mixer.cont(y, i, j));
    }
  };
}

/** All inputs in one carrier, which is then carried from output to output: linear in inputs and outputs. */
function rangeByCarrying<Input, Carrier>(
  mixer: ContributionMixer<Input, Carrier, unknown>,
): RangeRoutine<Input, Carrier> {
  const carry = mixer.carry?.bind(mixer) as (sum: Carrier, j: number) => Carrier;
  return (y, inputs, outputs, pending) => {
    let sum = mixer.cont(y, inputs.from, inputs.from);
    for (let i = inputs.from + 1; i < inputs.to; i++) sum = mixer.agg(carry(sum, i - 1), mixer.cont(y, i, i));
    for (let j = inputs.to; j < outputs.to; j++) {
      sum = carry(sum, j - 1);
      if (j >= outputs.from) pending[j] = mixer.agg(pending[j], sum);
    }
  };
}
