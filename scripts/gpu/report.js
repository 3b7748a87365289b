/**
 * What a GPU does with our models, from "does it load" to the paper's grid, in one JSON and one Markdown file.
 *
 *   node scripts/gpu/report.js [--device cuda|webgpu|cpu] [--grid small|paper] [--budget 8m] [--out FOLDER] [--quick]
 *                              [--bits 32,8,4] [--length N] [--threads N] [--torch PYTHON|none]
 *
 * What matters most comes first, and the files are written after each part: whenever the time is up, they say what there
 * was time for. What fails is a row that says why. `--device cpu --quick` is a dry run of all of it. The folder is
 * $OUT's, or gpu-report. `--torch` names the Python that has PyTorch.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importCheckpoint, quantiseBundle, SHIPPED_MODEL } from '../../dist/index.js';
import { writeRandomCheckpoint } from './checkpoint.js';
import { markdown } from './markdown.js';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    grid: { type: 'string', default: 'small' },
    budget: { type: 'string', default: '1h' },
    out: { type: 'string', default: process.env.OUT ?? 'gpu-report' },
    quick: { type: 'boolean', default: false },
    bits: { type: 'string' },
    length: { type: 'string' },
    threads: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    torch: { type: 'string', default: 'python3' },
  },
});

/** Sizes: M layers of D channels, B lanes. */
const GRIDS = {
  quick: { layers: [2], widths: [64], lanes: [1, 2], bits: [32, 8], length: 96, vocabulary: 256 },
  small: {
    layers: [4, 18],
    widths: [256, 768],
    lanes: [1, 8],
    bits: [32, 8],
    length: 4096,
    vocabulary: 4096,
  },
  paper: {
    layers: [18, 36],
    widths: [256, 768],
    lanes: [1, 2, 4, 8],
    bits: [32, 8, 4],
    length: 4096,
    vocabulary: 4096,
  },
};
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { device, quick } = values;
const named = GRIDS[quick ? 'quick' : values.grid];
if (named === undefined || !['cuda', 'webgpu', 'cpu'].includes(device)) {
  console.error('error: --grid is small or paper, --device cuda, webgpu or cpu');
  process.exit(2);
}
const grid = {
  ...named,
  ...(values.bits && { bits: values.bits.split(',').map(Number) }),
  ...(values.length && { length: Number(values.length) }),
};
const sizes = grid.layers.flatMap((layers) => grid.widths.map((width) => ({ layers, width })));
const began = Date.now();
const until = began + milliseconds(values.budget);
/** ms of a text at most, of calls of the graph alone; a process that takes far longer than it should is ended. */
const TEXT_MS = quick ? 30_000 : 5000;
const GRAPH_MS = quick ? 100 : 1000;
const STUCK_MS = 120_000;

const report = {
  device,
  quick,
  grid,
  budget: values.budget,
  threads: Number(values.threads),
  machine: machine(),
  shipped: [],
  grids: {},
  torch: [],
};
mkdirSync(values.out, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'flashinf-gpu-'));
try {
  save();
  if (!quick) {
    for (const bits of [32, 8, 4]) {
      const bundle = () => shipped(bits);
      await measure(report.shipped, { name: 'hyena-classics', bits }, bundle, { device, thorough: true });
    }
  }
  const [first, ...others] = grid.bits;
  await measureSizes(device, first, true);
  for (const lanes of quick ? grid.lanes.slice(-1) : grid.lanes) {
    for (const size of sizes) await measureTorch({ ...size, lanes });
  }
  for (const bits of others) await measureSizes(device, bits, true);
  if (device !== 'cpu') for (const bits of grid.bits) await measureSizes('cpu', bits, false);
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${join(values.out, 'gpu.md')}, ${join(values.out, 'gpu.json')}`);

/** Random models of all sizes of the grid. */
async function measureSizes(on, bits, thorough) {
  const rows = (report.grids[on] ??= []);
  for (const size of sizes) {
    await measure(rows, { ...size, bits }, () => random(size, bits), { device: on, thorough });
  }
}

/** Makes a bundle, and adds to the rows what a process of its own finds out about it. */
async function measure(rows, about, makeBundle, { device: on, thorough }) {
  const row = { ...about, findings: [] };
  rows.push(row);
  if (Date.now() > until) row.error = 'the time was up';
  else {
    note(`${on}: ${about.name ?? `M ${about.layers}, D ${about.width}`}, ${about.bits} bits`);
    try {
      const job = jobOf(await makeBundle(), on, thorough);
      const { lines, error } = await childOf(process.execPath, [here('measure.js'), JSON.stringify(job)]);
      row.findings = lines;
      if (error !== undefined) row.error = error;
    } catch (error) {
      row.error = String(error?.message ?? error).split('\n', 1)[0];
    }
  }
  save();
}

/** What `measure.js` is to do. Without `thorough`, texts alone. */
function jobOf(bundle, on, thorough) {
  return {
    bundle,
    device: on,
    threads: report.threads,
    lanes: grid.lanes,
    length: grid.length,
    /** Tokens of a greedy text that are held against the CPU's. */
    exact: !thorough ? 0 : quick ? 32 : 256,
    graph: thorough,
    textMs: TEXT_MS,
    graphMs: GRAPH_MS,
    profiled: quick ? 10 : 200,
    until,
  };
}

async function measureTorch({ layers, width, lanes }) {
  if (values.torch === 'none' || report.torch.some(({ fatal }) => fatal)) return;
  const row = { layers, width, lanes, findings: [] };
  report.torch.push(row);
  if (Date.now() > until) row.error = 'the time was up';
  else {
    note(`PyTorch: M ${layers}, D ${width}, ${lanes} lanes`);
    const { inner, vocabulary } = dimensions({ layers, width });
    const sized = Object.entries({ layers, width, inner, vocabulary, lanes, length: grid.length });
    const args = [here('torch_peer.py'), ...sized.flatMap(([name, value]) => [`--${name}`, String(value)])];
    args.push('--device', device === 'cuda' ? 'cuda' : 'cpu', '--seconds', String(TEXT_MS / 1000));
    const { lines, error } = await childOf(values.torch, args);
    row.findings = lines;
    if (error !== undefined) row.error = error;
    // Where there is no PyTorch, there is none for the next row either.
    row.fatal = lines.length === 0 && !/time was up/.test(error);
  }
  save();
}

/** Runs a program that prints lines of JSON; returns those it printed, however it ended. */
function childOf(program, args) {
  const timeout = Math.max(1000, Math.min(STUCK_MS, until - Date.now() + 5000));
  const options = {
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  };
  return new Promise((resolve) => {
    execFile(program, args, options, (failure, stdout, stderr) => {
      const lines = stdout
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line));
      const said = stderr.trim().split('\n').at(-1);
      const reason = failure?.killed
        ? Date.now() > until
          ? 'the time was up'
          : `ended after ${timeout / 1000} s`
        : `${failure?.signal ?? failure?.code}: ${said}`;
      resolve({ lines, ...(failure && { error: reason }) });
    });
  });
}

function dimensions({ layers, width }) {
  return {
    layers,
    width,
    inner: (quick ? 2 : 4) * width,
    vocabulary: grid.vocabulary,
    context: Math.max(4096, grid.length + 1),
  };
}

/** A bundle of random weights. */
async function random(size, bits) {
  const stem = join(folder, `${size.layers}x${size.width}`);
  if (!existsSync(`${stem}-32`)) {
    writeRandomCheckpoint(`${stem}-checkpoint`, dimensions(size));
    await importCheckpoint(`${stem}-checkpoint`, `${stem}-32`);
    rmSync(`${stem}-checkpoint`, { recursive: true });
  }
  return await narrow(`${stem}-32`, `${stem}-${bits}`, bits);
}

function shipped(bits) {
  return narrow(SHIPPED_MODEL, join(folder, `shipped-${bits}`), bits);
}

async function narrow(bundle, target, bits) {
  if (bits === 32) return bundle;
  await quantiseBundle(bundle, target, { bits });
  return target;
}

/** What it all ran on. */
function machine() {
  const answer = (program, args) => {
    try {
      return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return null;
    }
  };
  const query = '--query-gpu=name,driver_version,memory.total';
  const devices = answer(process.execPath, [here('../../bin/flashinf.js'), 'devices', '--json']);
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    gpu: answer('nvidia-smi', [query, '--format=csv,noheader']),
    devices: devices && JSON.parse(devices),
  };
}

function save() {
  report.seconds = Math.round((Date.now() - began) / 1000);
  writeFileSync(join(values.out, 'gpu.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(values.out, 'gpu.md'), markdown(report));
}

/** Says what comes next, and when. */
function note(what) {
  console.error(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`);
}

/** Of 90s, 8m, 1h. */
function milliseconds(text) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text) ?? [];
  if (number === undefined) {
    console.error(`error: --budget: expected a time such as 90s, 8m or 1h, got ${text}`);
    process.exit(2);
  }
  return Number(number) * { s: 1e3, m: 60e3, h: 3600e3 }[unit];
}
