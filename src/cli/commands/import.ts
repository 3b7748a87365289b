import type { FilterDimensions } from '../../bundle/index.js';
import { ChoiceError, importCheckpoint, type Imported } from '../../checkpoint/index.js';
import { onOutput, UsageError } from '../errors.js';
import { command } from '../command.js';
import { describeLayers } from '../report/layers.js';
import { EVERYWHERE, JSON_OPTION, kebab, type CommandSpec } from '../options/index.js';
import { BUNDLE_OUTPUT, checkBundleOutput } from './bundle-output.js';

const IMPORT = {
  name: 'import',
  summary: 'make a bundle of a checkpoint: HyenaDNA, safari, Evo 1 and 2, or this project’s training',
  arguments: [
    {
      name: '<checkpoint>',
      help: 'a .safetensors, .index.json, .pt, .bin or .ckpt file, or a directory that holds one',
      completes: 'file',
    },
  ],
  options: {
    ...BUNDLE_OUTPUT,
    name: { type: 'text', value: 'name', help: 'the model’s name', defaultText: 'the checkpoint’s' },
    config: {
      type: 'text',
      value: 'file',
      help: 'the checkpoint’s config.json',
      defaultText: 'the one beside it',
      completes: 'file',
    },
    tokenizer: {
      type: 'text',
      value: 'file',
      help: "a tokenizer.json, or 'characters' (DNA), 'bytes' or 'ids' (7 8 9)",
      completes: 'file',
    },
    stem: {
      type: 'text',
      value: 'prefix',
      help: 'which model, where the file holds several: what its names begin with, as in ema.backbone.',
    },
    family: { type: 'choice', value: 'name', help: 'whose conventions', choices: ['hyenadna', 'safari'] },
    shift: {
      type: 'number',
      value: 'x',
      help: 'added to the filters’ window',
      defaultText: '0.05 for HyenaDNA, else 0',
    },
    modulate: {
      type: 'choice',
      value: 'switch',
      help: 'whether filters have a window',
      choices: ['on', 'off'],
    },
    filterLayout: {
      type: 'choice',
      value: 'name',
      help: 'order of the filters’ channels above order 2',
      choices: ['interleaved', 'stacked'],
    },
    context: {
      type: 'integer',
      value: 'n',
      help: 'longest filter, where the checkpoint does not hold its positions',
      from: 2,
      to: 1 << 27,
    },
    normEps: {
      type: 'number',
      value: 'x',
      help: 'epsilon of the layer norms',
      from: 0,
      to: 1,
      defaultText: '1e-5',
    },
    ropeScale: {
      type: 'number',
      value: 'x',
      help: 'what positions are divided by for rotations (Evo)',
      from: 1,
      to: 1 << 20,
      defaultText: 'by the config.json, the lags or the name, else 1',
    },
    withoutFp8: {
      type: 'flag',
      help: 'import a model that was trained with 8-bit floats, and means little without',
    },
    bits: {
      type: 'choice',
      value: 'n',
      help: 'of each weight, as quantize does',
      choices: ['8', '4', '32'],
      default: '32',
    },
    ...JSON_OPTION,
    ...EVERYWHERE,
  },
  examples: [['flashinf import model.safetensors -o dna', 'says what it read and what it assumed']],
} as const satisfies CommandSpec;

export const importBundle = command(IMPORT, async ({ args: [checkpoint], options, io }) => {
  const { output, force, modulate, filterLayout: layout, bits, json, verbose, ...given } = options;
  void verbose;
  checkBundleOutput(output, force);
  const began = performance.now();
  const imported = await onOutput(output, () =>
    importCheckpoint(checkpoint, output, {
      ...given,
      ...(modulate !== undefined && { modulate: modulate === 'on' }),
      ...(layout !== undefined && { layout }),
      ...(bits !== '32' && { bits: bits === '8' ? 8 : 4 }),
      onProgress: io.progress('import'),
    }),
  ).catch((error: unknown) => {
    if (!(error instanceof ChoiceError)) throw error;
    const name = error.choice === 'layout' ? 'filterLayout' : error.choice;
    throw new UsageError(`--${kebab(name)} means nothing for a ${error.model} model`, { cause: error });
  });
  const report = toReport(imported, output, (performance.now() - began) / 1000);
  if (json) await io.stdout.write(JSON.stringify(report, null, 2) + '\n');
  else io.note(render(report));
});

interface Report {
  readonly file: string;
  readonly container: string;
  readonly dialect: string;
  readonly parameters: number;
  readonly bundle: string;
  readonly config: Pick<Imported['config'], 'name' | 'model' | 'filter' | 'tokenizer' | 'weights'>;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
}

function toReport({ config, ...imported }: Imported, bundle: string, seconds: number): Report {
  const { name, model, filter, tokenizer, weights, files } = config;
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  return {
    ...imported,
    bundle,
    config: { name, model, ...(filter && { filter }), tokenizer, ...(weights && { weights }) },
    bytes,
    seconds,
  };
}

function render({
  file,
  container,
  dialect,
  parameters,
  bundle,
  config,
  notes,
  warnings,
  bytes,
  seconds,
}: Report): string {
  const { filter, tokenizer, model } = config;
  const { width, vocabulary, context } = model;
  const lines = [
    ['read', `${file} (${container}, ${dialect} names)`],
    [
      'model',
      `${model.layers.length} layers of ${width}, ${vocabulary} outputs, context ${context}; ` +
        `${parameters.toLocaleString('en')} parameters`,
    ],
    ['layers', describeLayers(model.layers)],
    ...(filter === undefined ? [] : [['filters', describeFilters(filter)]]),
    ['tokenizer', tokenizer.kind],
    ['weights', config.weights === undefined ? 'float32' : `${config.weights.bits} bits`],
    ...notes.map((note) => ['note', note]),
    ...warnings.map((warning) => ['warning', warning]),
    ['bundle', `${bundle}, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(2)} s`],
  ];
  return lines.map(([key, value]) => `${key.padEnd(10)}${value}`).join('\n');
}

function describeFilters({ features, hidden, modulate, shift }: FilterDimensions): string {
  const window = modulate === false ? 'no window' : `window + ${shift}`;
  return `${features} features, ${hidden} hidden, ${window}`;
}
