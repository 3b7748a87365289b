// Runs the commands of test/golden/commands.json and prints digests of what they give, so that two versions of the
// program can be compared.
//
//   node scripts/measure/golden.js [--bin FILE] [--compare FILE] [NAME...]
//
// --bin is another version's bin/flashinf.js; --compare takes what a run has printed (or digests.json, which has no
// bits), says what differs, and fails if anything does. `text` is the digest of what must not depend on the processor:
// text and tokens, the most likely token of each row of logits. `bits` is the digest of every bit: of log probabilities
// and logits as well. `begins` is for people.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../..');
const data = resolve(process.env.FLASHINF_TEST_DATA ?? join(root, '../shared/data'));
const places = { golden: join(root, 'test/golden'), hyenadna: join(data, 'hyenadna') };

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { bin: { type: 'string' }, compare: { type: 'string' } },
});
const bin = resolve(options.bin ?? join(root, 'bin/flashinf.js'));

function digest(...parts) {
  const hash = createHash('sha256');
  for (const part of parts)
    hash.update(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part));
  return hash.digest('hex').slice(0, 16);
}

/** The header of a safetensors file, and where its data begins. */
function headerOf(bytes) {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  return { header: JSON.parse(bytes.subarray(8, start).toString()), start };
}

/** The first tensor of a safetensors file of float32, as [rows, columns]. */
function firstTensor(bytes) {
  const { header, start } = headerOf(bytes);
  const [, { dtype, shape, data_offsets: offsets }] = Object.entries(header).find(
    ([key]) => key !== '__metadata__',
  );
  if (dtype !== 'F32') throw new Error(`${dtype}, expected F32`);
  const body = bytes.subarray(start + offsets[0], start + offsets[1]);
  const columns = shape.at(-1);
  return { body, columns, values: new Float32Array(Uint8Array.from(body).buffer) };
}

/** A golden checkpoint as it came, without the `reference.` tensors that tests compare with. */
function withoutReference(bytes) {
  const { header, start } = headerOf(bytes);
  const parts = [];
  let at = 0;
  for (const [name, tensor] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = tensor.data_offsets;
    if (name.startsWith('reference.')) {
      delete header[name];
      continue;
    }
    parts.push(bytes.subarray(start + from, start + to));
    tensor.data_offsets = [at, (at += to - from)];
  }
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([size, json, ...parts]);
}

function ofLogits(file) {
  const { body, columns, values } = firstTensor(readFileSync(file));
  const likely = Array.from({ length: values.length / columns }, (_, row) => {
    const logits = values.subarray(row * columns, (row + 1) * columns);
    return logits.indexOf(Math.max(...logits));
  });
  return { text: digest(likely), bits: digest(body), begins: likely.slice(0, 8).join(' ') };
}

/** Of one JSON object per line or one in all: a text's, a batch's, an evaluation's. */
function ofResults(results) {
  const texts = results.map(({ text, tokens, ids, stop_type, bytes }) => ({
    text,
    tokens,
    ids,
    stop_type,
    bytes,
  }));
  const numbers = results.map(({ logprobs, bits_per_byte, buckets }) => ({
    logprobs,
    bits_per_byte,
    buckets,
  }));
  return { text: digest(texts), bits: digest(texts, numbers), begins: (texts[0].text ?? '').slice(0, 60) };
}

function ofOutput(stdout) {
  if (!stdout.startsWith('{'))
    return { text: digest(stdout), bits: digest(stdout), begins: stdout.slice(0, 60) };
  try {
    return ofResults([JSON.parse(stdout)]);
  } catch {
    return ofResults(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
  }
}

/** Runs one entry of the list in an empty folder, with nothing measured on this machine. */
async function run({ steps, files = {}, checkpoint, output }) {
  const folder = mkdtempSync(join(tmpdir(), 'flashinf-golden-'));
  try {
    for (const [name, { text, times = 1 }] of Object.entries(files)) {
      writeFileSync(join(folder, name), text.repeat(times));
    }
    if (checkpoint !== undefined) {
      const bytes = withoutReference(readFileSync(join(places.golden, checkpoint)));
      writeFileSync(join(folder, 'checkpoint.safetensors'), bytes);
    }
    let stdout = '';
    for (const step of steps) {
      const args = step.map((word) => word.replace(/^\{(\w+)\}/, (_, place) => places[place]));
      const running = promisify(execFile)(process.execPath, [bin, ...args], {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') },
        maxBuffer: 1 << 26,
      });
      running.child.stdin.end();
      ({ stdout } = await running);
    }
    return output === undefined ? ofOutput(stdout) : ofLogits(join(folder, output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const all = JSON.parse(readFileSync(join(places.golden, 'commands.json'), 'utf8'));
for (const name of names) {
  if (!all.some((entry) => entry.name === name)) throw new Error(`there is no ${JSON.stringify(name)}`);
}
const before = options.compare === undefined ? null : JSON.parse(readFileSync(options.compare, 'utf8'));
const results = {};
for (const entry of all) {
  if (names.length > 0 && !names.includes(entry.name)) continue;
  if (entry.needs !== undefined && !existsSync(places[entry.needs])) {
    console.error(`${entry.name}: left out, ${places[entry.needs]} is not there`);
    continue;
  }
  results[entry.name] = await run(entry);
}
if (before === null) {
  console.log(JSON.stringify(results, null, 2));
} else {
  for (const [name, { text, bits }] of Object.entries(results)) {
    const old = before[name];
    const same =
      old === undefined
        ? 'new'
        : old.text !== text
          ? 'TEXT DIFFERS'
          : (old.bits ?? bits) !== bits
            ? 'bits differ'
            : 'same';
    if (same !== 'same') process.exitCode = 1;
    console.log(`${same.padEnd(12)} ${name}`);
  }
}
