/** Commands that make bundles and files of them. */
import { type Case, error, traced } from './case.js';

export const CHECKPOINTS: readonly Case[] = [
  {
    line: 'import tiny -o new-tiny',
    stderr: /^read +tiny\/model\.safetensors .*\n[^]*context 4096; 19,712 parameters\n/,
    files: { 'new-tiny/config.json': /"name": "tiny"/ },
  },
  {
    line: [
      'import huggingface.safetensors --output hf --json --name mine --config settings.json --family hyenadna',
      '--shift 0.25 --modulate on --norm-eps 1e-4 --tokenizer characters',
    ].join(' '),
    stdout: {
      json: {
        config: {
          name: 'mine',
          model: { norm: { kind: 'layer', epsilon: 1e-4 }, context: 48 },
          filter: { shift: 0.25 },
          tokenizer: { kind: 'characters' },
        },
      },
    },
  },
  {
    line: 'import safari.safetensors -o safari --context 48 --modulate off --family safari --json',
    stdout: { json: { config: { model: { context: 48 }, filter: { modulate: false } } } },
  },
  {
    line: 'import order3.safetensors -o order3 --filter-layout stacked --json',
    stdout: { json: { config: { model: { layers: [{ mixer: { kind: 'hyena', order: 3 } }, {}] } } } },
  },
  {
    line: 'import tiny -o renamed --name other --rope-scale 4 --without-fp8',
    stderr: /\nnote +ignored, as its config says everything: name, ropeScale, withoutFp8\n/,
  },
  {
    line: 'import safari.safetensors -o none --rope-scale 4',
    code: 2,
    stderr: error('--rope-scale means nothing for a Hyena model'),
  },
  {
    line: 'import huggingface.safetensors -o stem --stem ema.backbone.',
    code: 3,
    stderr: error('ema.backbone'),
  },
  { line: 'import tiny -o bytes', code: 2, stderr: 'error: bytes exists; --force replaces it\n' },
  { line: 'import tiny -o once.txt --force', code: 2, stderr: error('once.txt is not a directory') },
  { line: 'import once.txt -o none', code: 3, stderr: error('once.txt: expected') },
  { line: 'import once.txt -o none --verbose', code: 3, stderr: traced('BundleError') },
  { line: 'import tiny', code: 2, stderr: error('required option') },
  { line: 'import -o x', code: 2, stderr: error('missing required argument') },
  { line: 'import tiny -o x --shift much', code: 2, stderr: error('Expected a number') },
  {
    line: 'export bytes -o bytes.safetensors',
    stderr: /^bytes\.safetensors: \d+ tensors, \d\.\d MB\n$/,
    files: { 'bytes.safetensors': /"backbone\.embeddings/ },
  },
  {
    line: 'export bytes --output stem.safetensors --stem model.backbone.',
    stderr: /tensors/,
    files: { 'stem.safetensors': /"model\.backbone\.embeddings/ },
  },
  { line: 'export bytes -o onnx --onnx', stderr: 'onnx: 6 graphs and their weights\n' },
  {
    line: 'export bytes -o tiny --onnx --force',
    code: 2,
    stderr: error('tiny is not a bundle: nothing is replaced'),
  },
  {
    line: 'export bytes -o named --onnx --stem x.',
    code: 2,
    stderr: error('--stem does not go with --onnx'),
  },
  { line: 'export bytes -o once.txt', code: 2, stderr: 'error: once.txt exists; --force replaces it\n' },
  { line: 'export bytes -o no/x', code: 4, stderr: error('cannot write no/x') },
  { line: 'export bytes -o ids.txt --force --stem x', code: 2, stderr: error('--stem: expected') },
  { line: 'export broken -o x --verbose', code: 3, stderr: traced('BundleError') },
  { line: 'import tiny -o tiny-4 --bits 4', stderr: /\nweights +4 bits\n/ },
  {
    line: 'quantize bytes -o bytes-8',
    stdout:
      /^\| matrix +\|[^]*\| embeddings +\| 256 x 32 \| +8 bits, blocks of 32 \|[^]*\nbytes-8: 0\.1 MB, before /,
  },
  {
    line: 'quantize bytes --output bytes-4 --bits 4 --text once.txt --json -t 1 --device cpu --force',
    stdout: { json: { bundle: 'bytes-4', bits: 4, bits_per_byte: expect.any(Number) as number } },
  },
  { line: 'quantize bytes -o words', code: 2, stderr: 'error: words exists; --force replaces it\n' },
  { line: 'quantize bytes -o bytes --force', code: 2, stderr: error('bytes is the bundle that is read') },
  { line: 'quantize bytes -o x --bits 5', code: 2, stderr: error('Allowed choices are 8, 4') },
  { line: 'quantize bytes -o once.txt/x --threads 1', code: 4, stderr: error('cannot write once.txt/x') },
  { line: 'quantize broken -o x --verbose', code: 3, stderr: traced('BundleError') },
];
