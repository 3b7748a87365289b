import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { exportBundle, exportOnnx, GRAPH_FILE } from '../../checkpoint/index.js';
import { otherThanBundle } from '../../bundle/index.js';
import { onOutput, UsageError } from '../errors.js';
import { command } from '../command.js';
import { EVERYWHERE, type CommandSpec } from '../options/index.js';

const EXPORT = {
  name: 'export',
  summary: 'write a bundle’s weights to a safetensors file, in the names they came with; or its graphs',
  arguments: [{ name: '<bundle>', help: 'the bundle', completes: 'directory' }],
  options: {
    output: {
      type: 'text',
      short: 'o',
      value: 'file',
      help: 'the file to write; with --onnx, the directory',
      required: true,
      completes: 'file',
    },
    force: { type: 'flag', help: 'replace what is there, if it is a file, or written by --onnx' },
    onnx: {
      type: 'flag',
      help: 'write a directory: the bundle with its graphs as ONNX files beside the weights, for ONNX Runtime',
    },
    stem: {
      type: 'text',
      value: 'prefix',
      help: 'what names begin with, as in backbone.',
      defaultText: 'as imported',
    },
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf export dna -o weights.safetensors', 'for other programs'],
    ['flashinf export dna --onnx -o dna-onnx', 'step.onnx and the others, to be run in any ONNX Runtime'],
  ],
} as const satisfies CommandSpec;

/** What names may begin with: nothing, or names of modules. */
const STEM = /^([^\p{Cc}]{1,200}\.)?$/u;

export const exportWeights = command(EXPORT, async ({ args: [bundle], options, io }) => {
  const { output, force, stem, onnx } = options;
  if (output === '') throw new UsageError('--output is empty');
  if (existsSync(output)) {
    if (!force) throw new UsageError(`${output} exists; --force replaces it`);
    const place = realpathSync(output);
    if (existsSync(bundle) && [place, dirname(place)].includes(realpathSync(bundle))) {
      throw new UsageError(`${output} is part of the bundle: nothing is replaced`);
    }
  }
  if (stem !== undefined && !STEM.test(stem)) {
    throw new UsageError(
      `--stem: expected a prefix that ends in a dot, as in backbone., got ${JSON.stringify(stem)}`,
    );
  }
  if (onnx) {
    if (stem !== undefined)
      throw new UsageError('--stem does not go with --onnx: graphs have names of their own');
    const other = existsSync(output) ? otherThanBundle(output, GRAPH_FILE) : undefined;
    if (other !== undefined) throw new UsageError(`${output} is ${other}: nothing is replaced`);
    const { graphs } = await onOutput(output, () => exportOnnx(bundle, output));
    io.note(`${output}: ${graphs} graphs and their weights`);
    return;
  }
  const { tensors, bytes, dequantised } = await onOutput(output, () => exportBundle(bundle, output, stem));
  const values =
    dequantised === undefined
      ? ''
      : `; matrices are what their ${dequantised} bits stand for, not the originals`;
  io.note(`${output}: ${tensors} tensors, ${(bytes / 1e6).toFixed(1)} MB${values}`);
});
