// The same HyenaDNA of random weights in evo.cpp and here: are the greedy texts the same, and what do they take, by length?
//
//   node scripts/peers/evo.js CHECKOUT [--evo CHECKOUT/build/Release/evo] [--lengths 500,1000,2000,4000]
//                             [--width 256] [--layers 4] [--python python3]
//
// CHECKOUT is one of tcztzy/evo.cpp, built for the CPU: its converter is taken from there. Python needs torch and safetensors.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '../..');
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    evo: { type: 'string' },
    lengths: { type: 'string', default: '500,1000,2000,4000' },
    width: { type: 'string', default: '256' },
    layers: { type: 'string', default: '4' },
    python: { type: 'string', default: 'python3' },
  },
});
const [checkout] = positionals;
if (positionals.length !== 1) {
  console.error('usage: node scripts/peers/evo.js CHECKOUT [--evo BINARY] [--lengths N,...]');
  process.exit(2);
}
const [width, layers] = [options.width, options.layers].map(Number);
/** The longest that it takes. */
const CONTEXT = 4096;
const PROMPT = 'ACGT';

/** What its converter wants to be told. */
const CONFIG = {
  model_type: 'hyenadna',
  torch_dtype: 'float32',
  vocab_size: 12,
  pad_vocab_size_multiple: 8,
  d_model: width,
  n_layer: layers,
  d_inner: 4 * width,
  max_seq_len: CONTEXT,
  emb_dim: 5,
  filter_order: 64,
  hyena_order: 2,
  num_inner_mlps: 2,
  short_filter_order: 3,
  layer_norm_epsilon: 1e-5,
  pad_token_id: 4,
  use_bias: true,
  train_freq: true,
  tie_word_embeddings: false,
};

const folder = mkdtempSync(join(tmpdir(), 'flashinf-peers-'));
const at = (file) => join(folder, file);
const flashinf = (...args) => timed('node', [join(root, 'bin/flashinf.js'), ...args]);

function timed(program, args, env = {}) {
  const begin = performance.now();
  const text = execFileSync(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  return { text, seconds: (performance.now() - begin) / 1000 };
}

try {
  const [checkpoint, config, converted] = ['model.safetensors', 'config.json', 'evo.safetensors'].map(at);
  const sizes = ['--width', String(width), '--layers', String(layers), '--context', String(CONTEXT)];
  const maker = join(root, 'scripts/measure/random_hyenadna.py');
  timed(options.python, [maker, checkpoint, ...sizes, '--stem', 'hyena.']);
  writeFileSync(config, JSON.stringify(CONFIG));
  const tools = join(checkout, 'tools');
  const converter = join(tools, 'convert_hyenadna_checkpoint.py');
  const files = ['--input', checkpoint, '--config', config, '--output', converted];
  timed(options.python, [converter, ...files], { PYTHONPATH: tools });
  flashinf('import', checkpoint, '-o', at('bundle'));

  const evo = options.evo ?? join(checkout, 'build/Release/evo');
  const rows = options.lengths.split(',').map((count) => {
    const theirs = ['run', '-m', converted, '--backend', 'cpu', '--ctx', String(CONTEXT)];
    const peer = timed(evo, [...theirs, '-p', PROMPT, '-n', count, '--top-k', '1']);
    const greedy = ['--temp', '0', '--repeat-penalty', '1', '--ignore-eos'];
    const ours = flashinf('generate', '-m', at('bundle'), '-p', PROMPT, '-n', count, ...greedy);
    const same = peer.text.equals(ours.text) ? 'yes' : 'NO';
    return `| ${count} | ${peer.seconds.toFixed(1)} s | ${ours.seconds.toFixed(1)} s | ${same} |`;
  });
  console.log(
    [
      `A HyenaDNA of ${layers} layers of ${width} channels, greedy; each a process, start and loading included`,
      '',
      '| tokens | evo.cpp | flashinf | same bytes |',
      '|---:|---:|---:|---|',
      ...rows,
    ].join('\n'),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
