import { ranked } from '../../src/generation/ranking.js';
import { Random } from '../support/mixing.js';

/** The definition: sort all that has a logit, most likely first, equals by id. */
function byDefinition(logits: Float32Array, count: number): number[] {
  return [...logits.keys()]
    .filter((id) => logits[id] > -Infinity)
    .sort((a, b) => logits[b] - logits[a] || a - b)
    .slice(0, count);
}

const random = new Random(5);
const uniform = (): number => 2 * random.next() - 1;
const SHAPES: Record<string, (id: number, size: number) => number> = {
  'as they come': () => uniform() * 20,
  'with many equals': () => Math.round(uniform() * 6),
  rising: (id) => id - 700,
  falling: (id) => 700 - id,
  'all equal': () => -2.5,
  'zeros of both signs': (id) => (id % 3 === 0 ? -0 : 0),
  'the largest all in every eighth place': (id) => (id % 8 === 0 ? 50 + uniform() : uniform()),
  'the largest in no eighth place': (id) => (id % 8 === 0 ? -50 : uniform()),
  'most without a logit': (id) => (id % 50 === 7 ? uniform() : -Infinity),
  'none with a logit': () => -Infinity,
  'huge and tiny': (id) => (uniform() > 0 ? 1 : -1) * 10 ** ((id % 70) - 37),
  'infinite and not a number': (id) => [Infinity, NaN, 0, 1][id % 4],
};

test.each(Object.keys(SHAPES))('ranks logits: %s', (shape) => {
  for (const size of [1, 2, 7, 8, 9, 64, 321, 1500]) {
    const logits = Float32Array.from({ length: size }, (_, id) => SHAPES[shape](id, size));
    for (const count of [1, 2, 5, 40, 150, size - 1, size, size + 1]) {
      const expected = byDefinition(logits, count);
      expect({ size, count, ids: [...ranked(logits, count)] }).toEqual({ size, count, ids: expected });
    }
  }
});
