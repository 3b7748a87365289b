import { Definition } from '../../src/bench/definition.js';
import { Random } from '../../src/bench/random.js';
import { NaiveMixer } from '../support/tiny-model.js';

const shape = { convolutions: 3, width: 20, length: 60 };

/** All positions of an independent mixer, handed to the definition, `spoil`ed at the last one. */
function check(spoil: (sums: Float32Array) => void): Definition {
  const random = new Random(7);
  const taps = Array.from({ length: 3 }, () => random.fill(new Float32Array(60 * 20)));
  const definition = new Definition(shape, [10, 20, 59]);
  taps.forEach((each, convolution) => definition.setFilter(convolution, each));
  const naive = new NaiveMixer(20, taps);
  for (let t = 0; t < 60; t++) {
    const sums = naive.pending();
    if (t === 59) spoil(sums);
    if (definition.positions.has(t)) definition.check(t, sums, 'this');
    const y = random.fill(new Float32Array(60));
    naive.push(y);
    definition.setInputs(t, y);
  }
  return definition;
}

test('right sums are let through, and how right they are is told', () => {
  const { agreement } = check(() => undefined);
  expect(agreement.positions).toBe(3);
  expect(agreement.worst).toBeLessThanOrEqual(agreement.bound);
});

test('a mixer whose sums are wrong gets no number', () => {
  expect(() => check((sums) => sums.fill(0))).toThrow(/mixer this is wrong at position 59/);
  expect(() => check((sums) => void (sums[0] *= 1.001))).toThrow(/is wrong/);
});
