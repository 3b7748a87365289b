// One table of this project's mixer and its peers, on the same filters and inputs: see README.md beside this file.
//
//   node scripts/peers/run.js [--width 256] [--length 131072] [--repeats 3] [--python python3] [--only lazy] [--dir DIR]
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { largestDifference, randomFloats, referenceRows } from './numbers.js';

const { values: options } = parseArgs({
  options: {
    width: { type: 'string', default: '256' },
    length: { type: 'string', default: '131072' },
    repeats: { type: 'string', default: '3' },
    python: { type: 'string', default: 'python3' },
    // Peers whose file's name has this in it.
    only: { type: 'string', default: '' },
    dir: { type: 'string' },
  },
});
const [width, length, repeats] = [options.width, options.length, options.repeats].map(Number);
const powerOfTwo = Number.isInteger(length) && length >= 1024 && Number.isInteger(Math.log2(length));
if (!powerOfTwo || !(width > 0 && width % 16 === 0) || !(Number.isInteger(repeats) && repeats > 0)) {
  console.error('--width: a multiple of 16; --length: a power of two of at least 1024; --repeats: 1 or more');
  process.exit(2);
}
const here = (file) => join(import.meta.dirname, file);
const directory = options.dir ?? mkdtempSync(join(tmpdir(), 'flashinf-peers-'));
const at = (file) => join(directory, file);

const FLAGS = ['-O3', '-march=native', '-ffp-contract=fast'];
const FFTW = { compiler: 'g++', link: ['-lfftw3f'], missing: 'apt install g++ libfftw3-dev' };
const PLAIN = { compiler: 'gcc', link: ['-lm'], missing: 'apt install gcc' };
const PYTORCH = 'pip install torch==2.13.0 numpy, and --python naming that interpreter';

/** The first is what the others are held against. `file` is what its outputs are named after. */
const PEERS = [
  { name: 'flashinf, default plan', file: 'ours', command: ['node', here('ours.js'), 'default'] },
  { name: 'flashinf, binary tiling', file: 'ours-binary', command: ['node', here('ours.js'), 'binary'] },
  { name: 'C++ on FFTW, binary tiling', file: 'fftw-tiling', source: 'tiling.cpp', ...FFTW },
  { name: 'C++ on FFTW, partitioned', file: 'fftw-partitioned', source: 'partitioned.cpp', ...FFTW },
  {
    name: 'C++ on FFTW, partitioned uniformly',
    file: 'fftw-uniform',
    source: 'partitioned.cpp',
    mode: ['uniform'],
    ...FFTW,
  },
  { name: 'PyTorch, binary tiling', file: 'pytorch', command: [options.python, here('tiling.py')] },
  { name: 'flashinf, lazy', file: 'ours-lazy', command: ['node', here('ours.js'), 'lazy'] },
  { name: 'C, lazy, pages of 4 KiB', file: 'lazy-small', source: 'lazy.c', mode: ['small'], ...PLAIN },
  { name: 'C, lazy, large pages', file: 'lazy', source: 'lazy.c', mode: ['large'], ...PLAIN },
].filter(({ file }) => file.includes(options.only));

/** The command of a peer, built where it must be; undefined, and a line said, where its tools are missing. */
function build({ name, command, source, compiler, link, missing, mode = [] }) {
  if (command !== undefined) {
    if (command[0] !== options.python) return command;
    const { status } = spawnSync(options.python, ['-c', 'import torch, numpy'], { stdio: 'ignore' });
    if (status === 0) return command;
    console.error(`${name}: left out, no PyTorch: ${PYTORCH}`);
    return undefined;
  }
  const program = at(source.replace(/\.\w+$/, ''));
  const { status, stderr } = spawnSync(compiler, [...FLAGS, here(source), '-o', program, ...link], {
    encoding: 'utf8',
  });
  if (status === 0) return [program, ...mode];
  const reason = /[^\n]*error[^\n]*/.exec(stderr ?? '')?.[0] ?? `no ${compiler}`;
  console.error(`${name}: left out, does not build (${reason}): ${missing}`);
  return undefined;
}

/** Runs a peer once: what it reports, in seconds. */
function run([program, ...args]) {
  const output = execFileSync(program, [...args, directory, String(width), String(length)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' },
  });
  return JSON.parse(output);
}

function floatsOf(file) {
  const { buffer, byteOffset, byteLength } = readFileSync(at(file));
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

function main() {
  mkdirSync(directory, { recursive: true });
  const filter = randomFloats(1, width * length);
  const inputs = randomFloats(2, width * length);
  writeFileSync(at('filter.f32'), filter);
  writeFileSync(at('inputs.f32'), inputs);

  const peers = PEERS.map((peer) => ({ ...peer, command: build(peer), runs: [] })).filter((p) => p.command);
  // The first round is for the peers that try out settings, and keep them; it is not counted.
  for (let round = 0; round <= repeats; round++) {
    for (const peer of peers) {
      console.error(round === 0 ? `tuning: ${peer.name}` : `run ${round} of ${repeats}: ${peer.name}`);
      const report = run(peer.command);
      if (round > 0) peer.runs.push(report);
    }
  }

  // Among those at which lazy mixing is measured.
  const positions = Array.from({ length: 32 }, (_, k) => ((4 * k + 3) * length) / 128);
  const reference = referenceRows(filter, inputs, width, positions);
  const ours = peers.some(({ file }) => file === 'ours') ? floatsOf('ours.f32') : undefined;
  const every = Array.from({ length: length - 1 }, (_, t) => t + 1);
  for (const peer of peers) {
    const outputs = floatsOf(`${peer.file}.f32`);
    const row = (t) => outputs.subarray(t * width, (t + 1) * width);
    peer.seconds = Math.min(...peer.runs.map(({ seconds }) => seconds));
    const measured = new Set(peer.runs[0].positions ?? every);
    peer.offReference = largestDifference(
      row,
      (t) => reference.get(t),
      positions.filter((t) => measured.has(t)),
    );
    if (ours !== undefined)
      peer.offOurs = largestDifference(row, (t) => ours.subarray(t * width, (t + 1) * width), measured);
  }
  console.log(table(peers));
}

function table(peers) {
  const secondsOf = (file) => peers.find((peer) => peer.file === file)?.seconds;
  const [ours, lazy] = ['ours', 'lazy'].map(secondsOf);
  const lines = peers.map(({ name, file, seconds, runs, offReference, offOurs }) => {
    const worst = Math.max(...runs.map((r) => r.seconds));
    const cells = [
      name + (runs[0].settings ? ` (${runs[0].settings})` : ''),
      `${seconds.toPrecision(4)}${runs[0].estimated ? ' (estimated)' : ''}`,
      `+${((worst / seconds - 1) * 100).toFixed(0)}%`,
      ((seconds * 1e9) / (width * length)).toPrecision(3),
      ours === undefined ? '-' : `${(seconds / ours).toPrecision(3)}x`,
      lazy === undefined ? '-' : `${(lazy / seconds).toPrecision(3)}x`,
      offReference.toExponential(1),
      file === 'ours' || offOurs === undefined ? '-' : offOurs.toExponential(1),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `One layer of ${width} channels, ${length} positions, one thread; the fastest of ${repeats} interleaved runs.`,
    '',
    '| | total, s | slowest run | ns per token and channel | time against ours | faster than lazy | off float64 | off ours |',
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...lines,
    '',
    ...ratios(secondsOf),
  ].join('\n');
}

/** What the comparison is for, each where both sides ran. */
function ratios(secondsOf) {
  return [
    ['lazy in C on large pages takes', 'lazy', 'the default plan', 'ours'],
    ['our lazy takes', 'ours-lazy', 'lazy in C on pages of 4 KiB', 'lazy-small'],
    ['our lazy takes', 'ours-lazy', 'lazy in C on large pages', 'lazy'],
    ['PyTorch takes', 'pytorch', 'the default plan', 'ours'],
    ['PyTorch takes', 'pytorch', 'our binary tiling', 'ours-binary'],
    ['the binary tiling on FFTW takes', 'fftw-tiling', 'ours', 'ours-binary'],
    ['the binary tiling on FFTW takes', 'fftw-tiling', 'the default plan', 'ours'],
    ['the partitioned convolution takes', 'fftw-partitioned', 'the default plan', 'ours'],
  ]
    .filter(([, a, , b]) => secondsOf(a) !== undefined && secondsOf(b) !== undefined)
    .map(
      ([what, a, than, b]) =>
        `- ${what} ${(secondsOf(a) / secondsOf(b)).toPrecision(3)} times what ${than} takes`,
    );
}

if (!existsSync(here('../../dist/index.js'))) {
  console.error('no dist: npm run build');
  process.exit(1);
}
try {
  main();
} finally {
  if (options.dir === undefined) rmSync(directory, { recursive: true, force: true });
}
