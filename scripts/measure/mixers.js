/**
 * What mixers of the framework cost, one thread, ns per token and channel: node scripts/measure/mixers.js [WHAT ...], after
 * `npm run build`. WHAT is one of the names below; default: all, a minute or so. Each figure is the fastest of a few runs.
 */
import {
  binaryPlan,
  createMixer,
  fastConvolution,
  fastDataDependentConvolution,
  fit,
  GenericEngine,
  maxPlusConvolution,
  measureMixing,
  planFor,
  sequenceOf,
  tilingOf,
  binaryLevels,
} from '../../dist/index.js';

const MEASUREMENTS = {
  'data-dependent': dataDependent,
  generic,
  heads,
  modal: () => kind({ kind: 'modal', modes: 16, complex: false }, 'modal filter of 16 real modes'),
  complex: () => kind({ kind: 'modal', modes: 16, complex: true }, 'modal filter of 16 complex modes'),
  window: () => kind({ kind: 'window', taps: 128 }, 'window of 128 taps'),
  'narrow-window': () => kind({ kind: 'window', taps: 128 }, 'window of 128 taps', 256, 1),
  'max-plus': maxPlus,
};

/** Filters that depend on the data, beside filters that do not, by the same engine and kernels, and lazily. */
async function dataDependent() {
  const [width, length] = [64, 1 << 17];
  const taps = noise(length * width);
  const y = rows(width, 512);
  const data = y.map((value, t) => ({ y: value, tap: y[(t * 7) % 512] }));
  const levels = binaryLevels(length);
  const plan = binaryPlan(length);
  const dependent = fastest(3, length * width, () =>
    run(new GenericEngine([fastDataDependentConvolution(width, length)], length, levels), data),
  );
  const independent = fastest(3, length * width, () =>
    run(new GenericEngine([fastConvolution(taps, { width }, plan)], length, tilingOf(plan)), y),
  );
  // Each output takes all inputs and taps before it, whenever these became known.
  const shape = { convolutions: 1, width, length, lanes: 1 };
  const [{ nsPerTokenChannel: lazy }] = await measureMixing([{ variant: 'lazy', shape, threads: 1 }], {
    budgetMs: 15_000,
  });
  print(`data-dependent filters, D = ${width}, L = ${length}`, dependent);
  print('  of filters known in advance, binary tiling, the same engine and kernels', independent);
  print('  lazily, estimated from some positions', lazy);
  console.log(
    `  ${(dependent / independent).toFixed(2)} times the one, ${(lazy / dependent).toFixed(0)} times faster than the other`,
  );
}

/** The generic engine with nothing but the fast range routine, beside the specialised engine, by one plan. */
async function generic() {
  const [width, length] = [256, 65536];
  const taps = noise(length * width);
  const y = rows(width, 512);
  const plan = planFor(length);
  const mixer = await createMixer({ name: 'tiled', shape: { convolutions: 1, width, length }, plan });
  mixer.setFilter(0, taps);
  const z = new Float32Array(width);
  // In turn, so that both have the same machine.
  let [over, special] = [Infinity, Infinity];
  for (let round = 0; round < 4; round++) {
    const engine = new GenericEngine([fastConvolution(taps, { width }, plan)], length, tilingOf(plan));
    over = Math.min(
      over,
      fastest(1, length * width, () => run(engine, y)),
    );
    mixer.reset();
    special = Math.min(
      special,
      fastest(1, length * width, () => {
        for (let t = 0; t < length; t++) {
          mixer.pending(z);
          const x = y[t % y.length];
          // The generic engine does the red cells as well.
          for (let c = 0; c < width; c++) z[c] += taps[c] * x[c];
          mixer.push(x);
        }
      }),
    );
  }
  await mixer.close();
  print(`long convolution, D = ${width}, L = ${length}, generic engine over the fast range routine`, over);
  print('  specialised engine', special);
  console.log(`  ${(over / special).toFixed(3)} times`);
}

/** Filters of heads of 16 channels, beside filters of each channel. */
async function heads() {
  const [width, length] = [256, 65536];
  const y = rows(width, 512);
  const plan = planFor(length);
  for (const heads of [width, 16]) {
    const shape = { convolutions: 1, width: heads, length, lanes: width / heads };
    const taps = noise(length * heads);
    let ns = Infinity;
    for (let round = 0; round < 3; round++) {
      const engine = new GenericEngine(
        [fastConvolution(taps, { width, heads }, plan)],
        length,
        tilingOf(plan),
      );
      ns = Math.min(
        ns,
        fastest(1, length * width, () => run(engine, y)),
      );
    }
    print(`long convolution of ${heads} heads, D = ${width}, L = ${length}, generic engine`, ns);
    console.log(`  ${Math.round(fit({ name: 'tiled', shape, plan }).bytes / width)} bytes per channel`);
  }
}

/** Layers of filters of a kind. */
async function kind(filter, name, width = 4096, convolutions = 9) {
  const length = 2048 * Math.max(1, Math.round(1024 / width));
  const shape = { convolutions, width, length, filter };
  const mixer = await createMixer({ name: 'tiled', shape });
  const part = (size) => new Float32Array(size).map((_, k) => 0.9 - (k % 97) / 200);
  const complex = filter.complex === true;
  const numbers = (size) => ({ re: part(size), ...(complex && { im: part(size) }) });
  for (let k = 0; k < convolutions; k++) {
    if (filter.kind === 'window') mixer.setFilter(k, noise(filter.taps * width));
    else {
      const size = filter.modes * width;
      const residues = numbers(size);
      const poles = numbers(size);
      if (complex) for (const each of [poles.re, poles.im]) each.forEach((p, n) => (each[n] = 0.7 * p));
      mixer.setFilter(k, { width, poles, residues });
    }
  }
  const y = rows(convolutions * width, 8);
  const z = new Float32Array(convolutions * width);
  const ns = fastest(3, length * convolutions * width, () => {
    mixer.reset();
    for (let t = 0; t < length; t++) {
      mixer.pending(z);
      mixer.push(y[t % y.length]);
    }
  });
  const last = mixer.plan.levels.at(-1);
  print(`${name}, D = ${width}, ${convolutions} layers (${last.kind} of side ${last.side})`, ns);
  console.log(`  ${Math.round(mixer.bytes / (convolutions * width))} bytes per channel`);
  await mixer.close();
}

/** Max-plus: operations, and bytes on their way between a routine and memory (a tile reads and writes each number once). */
async function maxPlus() {
  const [width, length] = [1, 8192];
  const taps = Float64Array.from(noise(length * width));
  const y = Array.from(rows(width, 512), (row) => Float64Array.from(row));
  for (const [name, schedule] of [
    ['lazy', 'lazy'],
    ['tiled', binaryLevels(length)],
  ]) {
    let [operations, bytes] = [0, 0];
    const mixer = maxPlusConvolution(taps, width);
    const counting = {
      ...mixer,
      contribute(inputs, from, to, pending) {
        const [n, m] = [from.to - from.from, to.to - to.from];
        operations += n * m * width;
        // Inputs, the taps between any of them and any of the outputs, and outputs, read and written.
        bytes += 8 * width * (n + (n + m - 1) + 2 * m);
        mixer.contribute(inputs, from, to, pending);
      },
    };
    run(new GenericEngine([sequenceOf(counting, length)], length, schedule), y);
    const ns = fastest(3, length * width, () =>
      run(new GenericEngine([sequenceOf(mixer, length)], length, schedule), y),
    );
    const per = (count) => (count / (length * width)).toFixed(0);
    console.log(
      `max-plus convolution, D = ${width}, L = ${length}, ${name}: ${per(operations)} operations, ${per(bytes)} bytes, ` +
        `${ns.toFixed(0)} ns per token and channel`,
    );
  }
}

function run(engine, inputs) {
  for (let t = 0; t < engine.length; t++) {
    engine.mix(0, inputs[t % inputs.length]);
    engine.advance();
  }
}

/** ns a value takes, in the fastest of some runs. */
function fastest(runs, values, once) {
  let best = Infinity;
  for (let k = 0; k < runs; k++) {
    const begin = performance.now();
    once();
    best = Math.min(best, ((performance.now() - begin) * 1e6) / values);
  }
  return best;
}

function noise(size) {
  let s = 12345;
  return new Float32Array(size).map(() => {
    s = (Math.imul(s, 1664525) + 1013904223) | 0;
    return s * 2 ** -31;
  });
}

function rows(width, count) {
  const all = noise(width * count);
  return Array.from({ length: count }, (_, t) => all.slice(t * width, (t + 1) * width));
}

function print(what, ns) {
  console.log(`${what}: ${ns.toFixed(ns < 100 ? 2 : 0)} ns`);
}

const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (wanted.length === 0 || wanted.includes(name)) await measure();
}
