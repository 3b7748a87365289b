/**
 * What scoring sequences takes.
 *
 *     python3 scripts/measure/random_hyenadna.py /tmp/small.safetensors --width 256 --layers 4 --context 32770
 *     node bin/flashinf.js import /tmp/small.safetensors -o /tmp/small
 *     node scripts/measure/sequences.js records --model /tmp/small --count 1000 --length 1000
 *     node scripts/measure/sequences.js alleles --model /tmp/small --length 4096 --step 10
 *     node scripts/measure/sequences.js long --model /tmp/large --length 1000000 --write long.fa
 *
 * `records` scores a file in one process, and some of its records in a process each. `alleles` scores every substitution of
 * the middle of a window, of every `step`th base, and some of them alone, in the same process and in one each. `long` scores
 * one sequence; `likelihood.py` says what PyTorch makes of what it writes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { load, scoreMany } from '../../dist/index.js';

const BIN = fileURLToPath(new URL('../../bin/flashinf.js', import.meta.url));
/** Of those that are scored alone. */
const ALONE = 10;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    count: { type: 'string', default: '1000' },
    length: { type: 'string', default: '1000' },
    step: { type: 'string', default: '1' },
    write: { type: 'string' },
  },
});
const [what] = positionals;
const { model } = values;
const [count, length, step] = [values.count, values.length, values.step].map(Number);

let seed = 1;
function random() {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}
const bases = (n) => Array.from({ length: n }, () => 'ACGT'[Math.floor(random() * 4)]).join('');

const folder = mkdtempSync(join(tmpdir(), 'flashinf-'));
const fasta = (name, sequences) => {
  const file = join(folder, name);
  writeFileSync(file, sequences.map((sequence, k) => `>${k}\n${sequence}\n`).join(''));
  return file;
};

/** Log-likelihoods of a file's records, by a process of its own, and seconds. */
function byProcess(file) {
  const began = performance.now();
  const out = execFileSync(process.execPath, [BIN, 'score', '-m', model, file], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const sums = out
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.split('\t')[2]));
  return { sums, seconds: (performance.now() - began) / 1000 };
}

async function inProcess(loaded, sequences) {
  const began = performance.now();
  const scores = [];
  const records = sequences.map((content, k) => ({ number: k + 1, line: 1, content }));
  for await (const { score } of scoreMany(loaded, records)) scores.push(score);
  return { scores, seconds: (performance.now() - began) / 1000 };
}

const evenly = (sequences) =>
  Array.from({ length: ALONE }, (_, k) => Math.floor((k * sequences.length) / ALONE));
const print = (facts) => console.log(JSON.stringify(facts, null, 2));

async function records() {
  const sequences = Array.from({ length: count }, () => bases(length));
  const all = byProcess(fasta('all.fa', sequences));
  let alone = 0;
  let worst = 0;
  for (const k of evenly(sequences)) {
    const one = byProcess(fasta('one.fa', [sequences[k]]));
    alone += one.seconds / ALONE;
    worst = Math.max(worst, Math.abs(one.sums[0] - all.sums[k]));
  }
  const loop = alone * count;
  print({
    count,
    length,
    seconds: all.seconds,
    loop_seconds: loop,
    faster: loop / all.seconds,
    worst_difference: worst,
  });
}

async function alleles() {
  const window = bases(length);
  const [first, last] = [Math.floor(length / 2) - 500, Math.floor(length / 2) + 500];
  const sequences = [window];
  for (let p = first; p < last; p += step) {
    for (const base of 'ACGT') {
      if (base !== window[p]) sequences.push(window.slice(0, p) + base + window.slice(p + 1));
    }
  }
  const loaded = await load(model, { threads: availableParallelism() });
  await inProcess(loaded, [window]);
  const together = await inProcess(loaded, sequences);
  const [own, process] = [
    { seconds: 0, equal: true },
    { seconds: 0, worst: 0 },
  ];
  for (const k of evenly(sequences)) {
    const began = performance.now();
    const scores = await loaded.model.score(loaded.tokenizer.encode(sequences[k]));
    own.seconds += (performance.now() - began) / 1000 / ALONE;
    own.equal &&= scores.every((score, t) => score === together.scores[k].logprobs[t]);
    const one = byProcess(fasta('one.fa', [sequences[k]]));
    process.seconds += one.seconds / ALONE;
    process.worst = Math.max(process.worst, Math.abs(one.sums[0] - together.scores[k].logLikelihood));
  }
  await loaded.model.close();
  const each = together.seconds / sequences.length;
  print({
    alleles: sequences.length,
    length,
    seconds: together.seconds,
    seconds_each: each,
    alone_in_process: own.seconds,
    faster_than_in_process: own.seconds / each,
    same_bits: own.equal,
    alone_in_a_process_each: process.seconds,
    faster_than_a_process_each: process.seconds / each,
    worst_difference: process.worst,
  });
}

async function long() {
  const sequence = bases(length);
  if (values.write) writeFileSync(values.write, `>long\n${sequence}\n`);
  const loaded = await load(model, { threads: availableParallelism() });
  const { scores, seconds } = await inProcess(loaded, [sequence]);
  await loaded.model.close();
  const [{ mean, logLikelihood, bits }] = scores;
  print({
    length,
    seconds,
    peak_gib: process.resourceUsage().maxRSS / 2 ** 20,
    log_likelihood: logLikelihood,
    mean,
    bits,
  });
}

try {
  await { records, alleles, long }[what]();
} finally {
  rmSync(folder, { recursive: true });
}
