// A mixer of another kind, the mean of the last inputs, on the schedules of the long convolution:
// node examples/moving-average.js
import { binaryLevels, checkMixer, drawReal, GenericEngine, sequenceOf } from 'flashinf';

/** @param {number} span how many inputs, the current one included, are averaged */
export function movingAverage(span) {
  return {
    // Inputs contribute to the `span` outputs from their own on: the engine leaves out all other tiles.
    reach: span,
    identity: () => ({ sum: 0, count: 0 }),
    cont: (y, i, j) => (j - i < span ? { sum: y[i], count: 1 } : { sum: 0, count: 0 }),
    agg: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
    read: ({ sum, count }) => sum / count,
    // All of a range at once. By definition this takes a step per pair; with running sums, one per input and output.
    contribute(y, inputs, outputs, pending) {
      const sums = [0];
      for (let i = inputs.from; i < inputs.to; i++) sums.push(sums.at(-1) + y[i]);
      for (let j = outputs.from; j < outputs.to; j++) {
        const skipped = Math.min(Math.max(0, j - span + 1 - inputs.from), inputs.to - inputs.from);
        pending[j] = {
          sum: pending[j].sum + sums.at(-1) - sums[skipped],
          count: pending[j].count + inputs.to - inputs.from - skipped,
        };
      }
    },
  };
}

// Random cases against the definition: associative, blind to the future, the range routine right.
const fault = checkMixer(movingAverage(3), { input: drawReal });
console.log(fault === undefined ? 'it can be tiled' : fault.message);

const length = 12;
const layer = sequenceOf(movingAverage(3), length);
const engine = new GenericEngine([layer], length, binaryLevels(length));
for (let t = 0; t < length; t++) {
  console.log(t, engine.mix(0, t % 4));
  engine.advance();
}
