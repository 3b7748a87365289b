// This project's mixer as one of the peers: `node ours.js default|binary|lazy DIRECTORY WIDTH LENGTH`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binaryPlan, createMixer } from '../../dist/mixer/index.js';

const [planName, directory, ...sizes] = process.argv.slice(2);
const [width, length] = sizes.map(Number);

function floatsOf(file) {
  const { buffer, byteOffset, byteLength } = readFileSync(join(directory, file));
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

const layer = (positions) => ({ convolutions: 1, width, length: positions });

/** Seconds that all positions take; the sums go to `out`, `[time, channel]`. */
async function run(filter, inputs, out) {
  const plan = planName === 'binary' ? { plan: binaryPlan(length) } : {};
  const mixer = await createMixer({ name: 'tiled', shape: layer(length), ...plan });
  mixer.setFilter(0, filter);
  // The others' arrays have been written to as well before the clock starts.
  mixer.reset();
  out.fill(0);
  const begin = performance.now();
  for (let at = 0; at < length * width; at += width) {
    mixer.pending(out.subarray(at, at + width));
    mixer.push(inputs.subarray(at, at + width));
  }
  const seconds = (performance.now() - begin) / 1000;
  await mixer.close();
  return { seconds };
}

/** The same from as many positions as lazy.c measures, each the fastest of three in a row. */
async function runLazy(filter, inputs, out) {
  const [stretches, repeats] = [64, 3];
  const mixer = await createMixer({ name: 'lazy', shape: layer(length) });
  mixer.setFilter(0, filter);
  const positions = Array.from({ length: stretches }, (_, k) => ((2 * k + 1) * length) / (2 * stretches));
  const measured = new Set(positions.flatMap((t) => Array.from({ length: repeats }, (_, k) => t - k)));
  const times = new Map();
  for (let t = 0; t < length; t++) {
    const at = t * width;
    const begin = performance.now();
    if (measured.has(t)) mixer.pending(out.subarray(at, at + width));
    mixer.push(inputs.subarray(at, at + width));
    if (measured.has(t)) times.set(t, performance.now() - begin);
  }
  await mixer.close();
  const fastest = (t) => Math.min(...Array.from({ length: repeats }, (_, k) => times.get(t - k)));
  const seconds = positions.reduce((sum, t) => sum + (fastest(t) * length) / stretches / 1000, 0);
  return { seconds, positions, estimated: true };
}

const [filter, inputs] = ['filter.f32', 'inputs.f32'].map(floatsOf);
const out = new Float32Array(width * length);
const how = planName === 'lazy' ? runLazy : run;
// A whole run first, for the compiler, as others plan and tune beforehand.
await how(filter, inputs, out);
const report = await how(filter, inputs, out);
writeFileSync(join(directory, planName === 'default' ? 'ours.f32' : `ours-${planName}.f32`), out);
console.log(JSON.stringify(report));
