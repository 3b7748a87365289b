// This project's mixer as one of the peers: `node ours.js default|binary DIRECTORY WIDTH LENGTH`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binaryPlan, createMixer } from '../../dist/mixer/index.js';

const [planName, directory, ...sizes] = process.argv.slice(2);
const [width, length] = sizes.map(Number);

function floatsOf(file) {
  const { buffer, byteOffset, byteLength } = readFileSync(join(directory, file));
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** Seconds that all positions take; the sums go to `out`, `[time, channel]`. */
async function run(filter, inputs, out, positions) {
  const plan = planName === 'binary' ? { plan: binaryPlan(positions) } : {};
  const mixer = await createMixer({
    name: 'tiled',
    shape: { convolutions: 1, width, length: positions },
    ...plan,
  });
  mixer.setFilter(0, filter.subarray(0, positions * width));
  // The others' arrays have been written to as well before the clock starts.
  mixer.reset();
  out.fill(0);
  const begin = performance.now();
  for (let at = 0; at < positions * width; at += width) {
    mixer.pending(out.subarray(at, at + width));
    mixer.push(inputs.subarray(at, at + width));
  }
  const seconds = (performance.now() - begin) / 1000;
  await mixer.close();
  return seconds;
}

const [filter, inputs] = ['filter.f32', 'inputs.f32'].map(floatsOf);
const out = new Float32Array(width * length);
// A whole run first, for the compiler, as others plan and tune beforehand.
await run(filter, inputs, out, length);
const seconds = await run(filter, inputs, out, length);
const file = planName === 'binary' ? 'ours-binary.f32' : 'ours.f32';
writeFileSync(join(directory, file), out);
console.log(JSON.stringify({ seconds }));
