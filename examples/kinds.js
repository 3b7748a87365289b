// Convolutions of three kinds as one mixer, the planner choosing for each: node examples/kinds.js
import { createMixerOfKinds } from 'flashinf';

const [width, length] = [16, 1000];
const filters = [{ kind: 'long' }, { kind: 'window', taps: 7 }, { kind: 'modal', modes: 2, complex: false }];
const mixer = await createMixerOfKinds({ name: 'tiled', shape: { width, length, filters } });
mixer.setFilter(0, new Float32Array(length * width).fill(0.01));
mixer.setFilter(1, new Float32Array(7 * width).fill(0.1));
// rho[d] = 0.9^d + 0.5^d / 2
const rows = (first, second) => new Float32Array(2 * width).fill(first, 0, width).fill(second, width);
mixer.setFilter(2, { width, poles: { re: rows(0.9, 0.5) }, residues: { re: rows(1, 0.5) } });

const sums = new Float32Array(filters.length * width);
for (let t = 0; t < length; t++) {
  mixer.pending(sums); // of earlier inputs: what is missing is y[t] rho[0]
  mixer.push(new Float32Array(filters.length * width).fill(1));
}
filters.forEach(({ kind }, k) => {
  const levels = mixer.plans[k].levels.map((level) => `${level.kind} ${level.side}`);
  console.log(`${kind}: ${sums[k * width].toFixed(4)}, by ${levels.join(', ')}`);
});
await mixer.close();
