import { quantiseBundle, type QuantisedTensor } from '../../checkpoint/index.js';
import { evaluate } from '../../evaluation/index.js';
import { encodeText } from '../../text/index.js';
import { command } from '../command.js';
import { onOutput, UsageError } from '../errors.js';
import { readText } from '../input.js';
import type { Io } from '../io.js';
import type { BundleConfig } from '../../bundle/index.js';
import { loadModel } from '../model.js';
import { COMPUTE, EVERYWHERE, JSON_OPTION, type CommandSpec, type OptionValues } from '../options/index.js';
import { table } from '../report/table.js';
import { BUNDLE_OUTPUT, checkBundleOutput } from './bundle-output.js';

const QUANTIZE = {
  name: 'quantize',
  summary: 'write a bundle once more with weights of 8 or 4 bits: smaller, and two to four times as fast',
  arguments: [{ name: '<bundle>', help: 'the bundle, of float32 weights', completes: 'directory' }],
  options: {
    ...BUNDLE_OUTPUT,
    bits: {
      type: 'choice',
      value: 'n',
      help: 'of each weight: 8 changes next to nothing, 4 a little',
      choices: ['8', '4'],
      default: '8',
    },
    text: {
      type: 'text',
      value: 'file',
      help: "say what it costs: bits per byte of this text, before and after ('-' for stdin)",
      completes: 'file',
    },
    ...JSON_OPTION,
    ...COMPUTE,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf quantize model -o model-8 --text book.txt', '8 bits, and what they cost in bits per byte'],
  ],
} as const satisfies CommandSpec;

export const quantize = command(QUANTIZE, async ({ args: [bundle], options, io }) => {
  const { output, bits, force, text: file, json } = options;
  checkBundleOutput(output, force, bundle);
  const text = file === undefined ? undefined : await readText(file, io.signal);
  if (text === '') throw new UsageError(`${file} is empty`);
  const tensors: QuantisedTensor[] = [];
  const { config, before } = await onOutput(output, () =>
    quantiseBundle(bundle, output, {
      bits: bits === '8' ? 8 : 4,
      onQuantised: (tensor) => tensors.push(tensor),
      onProgress: io.progress('quantize'),
    }),
  );
  const report = {
    bundle: output,
    bits: Number(bits),
    bytes: sizeOf(config),
    bytes_before: sizeOf(before),
    tensors: tensors.map(({ name, dims, packing, error }) => ({
      name,
      shape: dims,
      ...(packing && { bits: packing.bits, block: packing.block }),
      error,
    })),
    ...(text !== undefined && {
      bits_per_byte: await scoreOf(output, text, options, io),
      bits_per_byte_before: await scoreOf(bundle, text, options, io),
    }),
  };
  if (json) await io.stdout.write(JSON.stringify(report, null, 2) + '\n');
  else await io.stdout.write(render(report));
});

const sizeOf = ({ files }: BundleConfig): number =>
  Object.values(files).reduce((sum, file) => sum + file.bytes, 0);

async function scoreOf(
  model: string,
  text: string,
  options: OptionValues<typeof COMPUTE>,
  io: Io,
): Promise<number> {
  const loaded = await loadModel({ ...options, model }, io);
  try {
    const ids = await encodeText(loaded.tokenizer, text, io.signal);
    const { bits_per_byte: score } = await evaluate(loaded.model, loaded.tokenizer, ids, {
      onProgress: io.progress(`eval of ${model}`),
    });
    return score;
  } finally {
    await loaded.model.close();
  }
}

interface Report {
  readonly bundle: string;
  readonly bits: number;
  readonly bytes: number;
  readonly bytes_before: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly bits?: number;
    readonly block?: number;
    readonly error: number;
  }[];
  readonly bits_per_byte?: number;
  readonly bits_per_byte_before?: number;
}

function render({ bundle, tensors, ...report }: Report): string {
  const rows = tensors.map(({ name, shape, bits, block, error }) => [
    name,
    shape.join(' x '),
    block === undefined ? 'float32: no block divides its rows' : `${bits} bits, blocks of ${block}`,
    block === undefined ? '0' : error.toExponential(1),
  ]);
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const lines = [`${bundle}: ${megabytes(report.bytes)}, before ${megabytes(report.bytes_before)}`];
  const { bits_per_byte: after, bits_per_byte_before: before } = report;
  if (after !== undefined && before !== undefined) {
    const change = (100 * (after / before - 1)).toFixed(3);
    lines.push(`bits per byte: ${after.toFixed(5)}, before ${before.toFixed(5)} (${change} % more)`);
  }
  return `${table(['matrix', 'shape', 'stored as', 'relative error'], rows)}\n${lines.join('\n')}\n`;
}
