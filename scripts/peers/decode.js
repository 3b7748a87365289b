// A token of a Hyena against a token of a transformer of as many weights, each read once: parameters per second, one thread.
//
//   node scripts/peers/decode.js LLAMA2C [--model models/hyena-classics] [--tokens 512] [--repeats 3]
//
// LLAMA2C is a checkout of karpathy/llama2.c, or anything with a run.c that reads its files and says its speed as it does.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomFloats } from './numbers.js';

const root = join(import.meta.dirname, '../..');
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: join(root, 'models/hyena-classics') },
    tokens: { type: 'string', default: '512' },
    repeats: { type: 'string', default: '3' },
  },
});
const [tokens, repeats] = [options.tokens, options.repeats].map(Number);
if (positionals.length !== 1 || !(tokens > 1) || !(repeats > 0)) {
  console.error('usage: node scripts/peers/decode.js LLAMA2C [--model DIR] [--tokens N] [--repeats N]');
  process.exit(2);
}

/** Of a transformer layer as wide as a Hyena layer of order 2, whose MLP makes up for what its mixing has less of. */
function dimensionsOf({ width, vocabulary, layers }) {
  const inner = layers[0].mlp.inner;
  // Hyena: 4 width² and 2 width inner; here: 4 width² and 3 width hidden.
  return { width, hidden: Math.round((2 * inner) / 3), layers: layers.length, vocabulary, heads: width / 32 };
}

/** Floats of each array of the file, in its order. */
function arraysOf({ width, hidden, layers, vocabulary, heads }) {
  const [square, wide] = [layers * width * width, layers * width * hidden];
  const positions = (tokens * width) / heads / 2;
  return [
    vocabulary * width,
    layers * width,
    square,
    square,
    square,
    square,
    layers * width,
    wide,
    wide,
    wide,
    width,
  ]
    .map((count) => ({ count, weights: true }))
    .concat([positions, positions].map((count) => ({ count, weights: false })));
}

function writeModel(file, dimensions) {
  const { width, hidden, layers, vocabulary, heads } = dimensions;
  const to = openSync(file, 'w');
  writeSync(to, Int32Array.of(width, hidden, layers, heads, heads, vocabulary, tokens));
  arraysOf(dimensions).forEach(({ count }, k) => {
    const scale = count > width * layers ? width ** -0.5 : 1;
    writeSync(
      to,
      randomFloats(k + 1, count).map((value) => value * scale),
    );
  });
  closeSync(to);
}

/** Each token a score, its bytes' number, and its bytes. */
function writeTokenizer(file, vocabulary) {
  const entries = Array.from({ length: vocabulary }, (_, id) => {
    const text = Buffer.from(`<${id}>`);
    const head = Buffer.alloc(8);
    head.writeInt32LE(text.length, 4);
    return Buffer.concat([head, text]);
  });
  writeFileSync(file, Buffer.concat([Buffer.from(Int32Array.of(16).buffer), ...entries]));
}

const folder = mkdtempSync(join(tmpdir(), 'flashinf-peers-'));
const at = (file) => join(folder, file);
try {
  const { model } = JSON.parse(readFileSync(join(options.model, 'config.json'), 'utf8'));
  const dimensions = dimensionsOf(model);
  const weights = arraysOf(dimensions).reduce((sum, array) => sum + (array.weights ? array.count : 0), 0);
  writeModel(at('model.bin'), dimensions);
  writeTokenizer(at('tokenizer.bin'), dimensions.vocabulary);
  const source = join(positionals[0], 'run.c');
  const flags = ['-Ofast', '-march=native'];
  execFileSync('gcc', [...flags, source, '-o', at('run'), '-lm'], { stdio: 'inherit' });

  const [theirs, ours] = [[], []];
  for (let round = 0; round < repeats; round++) {
    const args = [at('model.bin'), '-z', at('tokenizer.bin'), '-t', '0', '-n', String(tokens)];
    const { stdout, stderr } = spawnSync(at('run'), args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
    const speed = /tok\/s:\s*([\d.]+)/.exec(stderr + stdout)?.[1];
    if (speed === undefined) throw new Error(`no speed in what run.c says: ${stderr.slice(0, 200)}`);
    theirs.push(Number(speed));
    const bench = ['bench', '--step', '-t', '1', '--len', String(tokens), '-m', options.model, '-o', 'json'];
    const report = execFileSync('node', [join(root, 'bin/flashinf.js'), ...bench], { encoding: 'utf8' });
    ours.push(JSON.parse(report));
  }
  const best = ours.reduce((a, b) => (b.text.tokenUs < a.text.tokenUs ? b : a));
  const row = (name, parameters, speed) =>
    `| ${name} | ${(parameters / 1e6).toFixed(1)} M | ${speed.toFixed(0)} | ${((parameters * speed) / 1e9).toFixed(2)} G |`;
  console.log(
    [
      `${tokens} tokens, one thread, the fastest of ${repeats}; mixing or attention included`,
      '',
      '| | weights read | tokens/s | parameters/s |',
      '|---|---:|---:|---:|',
      row('flashinf', best.parameters, 1e6 / best.text.tokenUs),
      row('run.c', weights, Math.max(...theirs)),
    ].join('\n'),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
