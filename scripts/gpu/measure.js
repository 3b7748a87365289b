/**
 * One bundle on one device, in a process of its own, as what a device does may end it: report.js starts it.
 *
 *   node scripts/gpu/measure.js JOB       JOB: JSON, see `jobOf` in report.js
 *
 * Prints a line of JSON for each finding as soon as it is known. What fails is a finding, too, and the next one is tried.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMixer, exportOnnx, generate, generateMany, load } from '../../dist/index.js';

const job = JSON.parse(process.argv[2]);
const { bundle, device, threads, until } = job;

const left = () => until - Date.now();
const say = (finding) => console.log(JSON.stringify(finding));

/** Runs one part; says what it found, or why it found nothing. */
async function part(about, find) {
  try {
    if (left() < 0) throw new Error('the time was up');
    say({ ...about, ...(await find()) });
  } catch (error) {
    say({ ...about, error: String(error?.message ?? error).split('\n', 1)[0] });
  }
}

const began = performance.now();
let loaded;
await part({ kind: 'load' }, async () => {
  loaded = await load(bundle, { device, threads, batch: 1 });
  return { ms: performance.now() - began, device: loaded.model.device };
});
say({ kind: 'libraries', names: mapped() });
if (loaded !== undefined) {
  if (job.exact > 0) await part({ kind: 'exact' }, () => compareWithCpu(loaded.model, job.exact));
  for (const lanes of job.lanes) await part({ kind: 'text', lanes }, () => text(lanes));
  if (job.graph) {
    const folder = mkdtempSync(join(tmpdir(), 'flashinf-gpu-'));
    try {
      exportOnnx(bundle, join(folder, 'onnx'));
      const file = join(folder, 'onnx', 'step.onnx');
      for (const lanes of job.lanes) await part({ kind: 'graph', lanes }, () => runGraph(file, lanes));
      const [lanes] = job.lanes;
      await part({ kind: 'nodes', lanes }, () => profileGraph(file, lanes, folder));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  // Some are loaded when a node needs them.
  say({ kind: 'libraries', names: mapped() });
  await loaded.model.close();
}

/** The GPU's libraries that are in this process. */
function mapped() {
  if (process.platform !== 'linux') return [];
  const names = readFileSync('/proc/self/maps', 'utf8').match(/[^\s/]+\.so[.\d]*$/gm) ?? [];
  const wanted = /^lib(cu(dnn|blas|fft|dart|rand|da)|vulkan|onnxruntime_providers_cuda)/;
  return [...new Set(names)].filter((name) => wanted.test(name)).sort();
}

/** A greedy text on the CPU, and the logits of the same tokens here. */
async function compareWithCpu(model, count) {
  const cpu = await load(bundle, { device: 'cpu', threads });
  try {
    const wanted = await feed(cpu.model, count);
    const got = await feed(model, count, wanted.ids);
    let [error, norm, most] = [0, 0, 0];
    for (const [t, row] of wanted.logits.entries()) {
      for (const [v, value] of row.entries()) {
        const off = Math.abs(got.logits[t][v] - value);
        error += off ** 2;
        norm += value ** 2;
        most = Math.max(most, off);
      }
    }
    // Of the same tokens before it, each one that is drawn: the texts are equal where all of these are.
    const parts = wanted.next.findIndex((id, t) => id !== got.next[t]);
    return { tokens: count, relL2: Math.sqrt(error / norm), largest: most, parts: parts < 0 ? null : parts };
  } finally {
    await cpu.model.close();
  }
}

/** The most likely token after each of `ids`, or of a greedy text from token 1, and the logits. */
async function feed(model, count, ids) {
  const { width } = model.config.model;
  const shape = { convolutions: model.convolutions, width, length: count };
  const mixer = await createMixer({ name: 'tiled', shape });
  try {
    for (let c = 0; c < model.convolutions; c++) mixer.setFilter(c, await model.taps(c, count));
    const state = model.start();
    const fed = [];
    const logits = [];
    const next = [];
    for (let t = 0; t < count; t++) {
      if (left() < 0) throw new Error('the time was up');
      fed.push(ids?.[t] ?? next[t - 1] ?? 1);
      mixer.pending(state.pending);
      const result = await model.step(state, fed[t]);
      mixer.push(result.y);
      logits.push(result.logits.slice());
      next.push(mostLikely(result.logits));
    }
    return { ids: fed, next, logits };
  } finally {
    await mixer.close();
  }
}

function mostLikely(logits) {
  return logits.reduce((best, value, id) => (value > logits[best] ? id : best), 0);
}

/** Texts as `generate` makes them, side by side: what a token takes, and for what. A token of all lanes is one step. */
async function text(lanes) {
  // The first steps of a session are not like the others.
  await generated(lanes, 4, left());
  const { tokens, timings } = await generated(lanes, job.length, Math.min(job.textMs, left()));
  const steps = tokens.length - 1;
  if (steps < 1) throw new Error('the time was up');
  const { predicted, steps: stepMs, mixing } = timings;
  const each = (ms) => (1000 * ms) / steps;
  return {
    tokens: steps * lanes,
    tokensPerSecond: (1000 * steps * lanes) / predicted,
    us: {
      token: each(predicted),
      step: each(stepMs),
      mixing: each(mixing),
      rest: each(predicted - stepMs - mixing),
    },
  };
}

/** One text of those side by side, as long as there was time for. */
async function generated(lanes, count, budgetMs) {
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(budgetMs)));
  const shape = { count, ignoreEos: true };
  if (lanes === 1) {
    const stream = generate(loaded, [1], { ...shape, seed: 1, threads, signal });
    for await (const chunk of stream) void chunk;
    return stream.result;
  }
  const items = Array.from({ length: lanes }, (_, seed) => ({ ...shape, prompt: [1], seed }));
  const results = [];
  for await (const result of generateMany(loaded, items, { lanes, threads, signal })) results.push(result);
  if (results.length < lanes) throw new Error('the time was up');
  return results[0];
}

/** The step graph and nothing else, called as often as there is time for; and whether lanes get the bits of one alone. */
async function runGraph(file, lanes) {
  const { session, feeds } = await open(file, lanes);
  try {
    const together = await session.run(feeds(lanes));
    const times = [];
    const end = performance.now() + Math.min(job.graphMs, left());
    while (times.length < 5 || performance.now() < end) {
      const start = performance.now();
      await session.run(feeds(lanes));
      times.push(1000 * (performance.now() - start));
    }
    times.sort((a, b) => a - b);
    let alike = true;
    for (let lane = 0; lane < lanes && lanes > 1; lane++) {
      const alone = await session.run(feeds(lanes, lane));
      alike &&= sameLane(together.logits, alone.logits, lane);
    }
    const at = (part) => times[Math.floor((times.length - 1) * part)];
    return { runs: times.length, us: { p10: at(0.1), p50: at(0.5), p99: at(0.99) }, lanesAlike: alike };
  } finally {
    await session.release();
  }
}

/** Of `[1, lane, ...]`. */
function sameLane(together, alone, lane) {
  const size = alone.data.length;
  return alone.data.every((value, i) => value === together.data[lane * size + i]);
}

/** The graph as a session, and inputs for it: of `lanes`, or of one of them alone. */
async function open(file, lanes, extra = {}) {
  const { default: runtime } = await import('onnxruntime-node');
  const session = await runtime.InferenceSession.create(file, {
    executionProviders: [device],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    ...extra,
  });
  const { vocabulary } = loaded.model.config.model;
  const inputs = new Map();
  const make = (count, first) => {
    const tensors = {};
    for (const { name, type, shape } of session.inputMetadata) {
      const dims = shape.map((dim) => (typeof dim === 'string' ? count : dim));
      if (type === 'int64') {
        const ids = BigInt64Array.from({ length: count }, (_, k) => BigInt(((first + k) * 79) % vocabulary));
        tensors[name] = new runtime.Tensor('int64', ids, dims);
        continue;
      }
      const size = dims.reduce((product, dim) => product * dim, 1);
      const inner = size / dims[0] / count;
      // Of `[row, lane, ...]`: the same for a lane alone and among others.
      const value = (i) => {
        const [row, lane] = [Math.floor(i / inner / count), first + (Math.floor(i / inner) % count)];
        return 0.1 * Math.sin(7 * (i % inner) + 3 * row + lane);
      };
      tensors[name] = new runtime.Tensor(
        'float32',
        Float32Array.from({ length: size }, (_, i) => value(i)),
        dims,
      );
    }
    return tensors;
  };
  /** Made once, so that calls time the graph alone. */
  const feeds = (count, lane) => {
    const key = lane ?? 'all';
    if (!inputs.has(key)) inputs.set(key, lane === undefined ? make(count, 0) : make(1, lane));
    return inputs.get(key);
  };
  return { session, feeds };
}

/** ONNX Runtime's own profile: what nodes take, by kind and provider. */
async function profileGraph(file, lanes, folder) {
  const options = { enableProfiling: true, profileFilePrefix: join(folder, 'profile') };
  const { session, feeds } = await open(file, lanes, options);
  const runs = job.profiled;
  try {
    for (let n = 0; n < runs; n++) await session.run(feeds(lanes));
    session.endProfiling();
  } finally {
    await session.release();
  }
  const [name] = readdirSync(folder).filter((entry) => /^profile.*\.json$/.test(entry));
  const events = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  // The first run is not like the others.
  const starts = events.filter((event) => event.name === 'model_run').map(({ ts }) => ts);
  const from = starts[Math.floor(starts.length / 2)];
  const counted = starts.filter((ts) => ts >= from).length;
  const later = events.filter(({ ts }) => ts >= from);
  const host = new Map();
  const onDevice = new Map();
  const nodes = new Set();
  const add = (sums, key, us) => sums.set(key, (sums.get(key) ?? 0) + us / counted);
  for (const { cat, name, dur, args } of later) {
    if (cat === 'Node' && name.endsWith('_kernel_time')) {
      const provider = (args.provider ?? '').replace('ExecutionProvider', '');
      add(host, `${args.op_name} (${provider})`, dur);
      nodes.add(`${provider}:${name}`);
    }
    // What the GPU itself says, where this build of the provider asks it.
    if (cat === 'Kernel') add(onDevice, args.op_name ?? name, dur);
  }
  const placed = {};
  for (const node of nodes) {
    const [provider] = node.split(':', 1);
    placed[provider] = (placed[provider] ?? 0) + 1;
  }
  const runUs =
    later.filter(({ name }) => name === 'model_run').reduce((sum, { dur }) => sum + dur, 0) / counted;
  const sorted = (sums) => Object.fromEntries([...sums].sort(([, a], [, b]) => b - a));
  return {
    runs: counted,
    runUs,
    placed,
    hostUs: sorted(host),
    deviceUs: onDevice.size > 0 ? sorted(onDevice) : null,
  };
}
