import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { importCheckpoint, type Family, type Imported } from '../checkpoint/index.js';
import { otherThanBundle } from '../model/index.js';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import { integer, jsonOption, number } from './options.js';

interface ImportCommandOptions {
  readonly output: string;
  readonly force?: boolean;
  readonly name?: string;
  readonly config?: string;
  readonly tokenizer?: string;
  readonly family?: Family;
  readonly shift?: number;
  readonly modulate?: 'on' | 'off';
  readonly filterLayout?: 'interleaved' | 'stacked';
  readonly context?: number;
  readonly normEps?: number;
  readonly json?: boolean;
}

export function importCommand(io: Io): Command {
  return new Command('import')
    .description('make a bundle of a checkpoint: HyenaDNA, safari, or this project’s training')
    .argument(
      '<checkpoint>',
      'a .safetensors, .index.json, .pt, .bin or .ckpt file, or a directory that holds one',
    )
    .requiredOption('-o, --output <dir>', 'the bundle to write')
    .option('--force', 'replace a bundle that is there')
    .option('--name <name>', 'the model’s name (default: the checkpoint’s)')
    .option('--config <file>', 'the checkpoint’s config.json (default: the one beside it)')
    .option('--tokenizer <file>', "a tokenizer.json, or 'characters' (DNA) or 'bytes'")
    .addOption(new Option('--family <name>', 'whose conventions').choices(['hyenadna', 'safari']))
    .addOption(
      new Option(
        '--shift <x>',
        'added to the filters’ window (default: 0.05 for HyenaDNA, else 0)',
      ).argParser(number('a number', () => true)),
    )
    .addOption(new Option('--modulate <switch>', 'whether filters have a window').choices(['on', 'off']))
    .addOption(
      new Option('--filter-layout <name>', 'order of the filters’ channels above order 2').choices([
        'interleaved',
        'stacked',
      ]),
    )
    .addOption(
      new Option(
        '--context <n>',
        'longest filter, where the checkpoint does not hold its positions',
      ).argParser(integer(2, 1 << 27)),
    )
    .addOption(
      new Option('--norm-eps <x>', 'epsilon of the layer norms (default: 1e-5)').argParser(
        number('a number from 0 to 1', (eps) => eps >= 0 && eps <= 1),
      ),
    )
    .addOption(jsonOption())
    .action((checkpoint: string, options: ImportCommandOptions) => run(checkpoint, options, io));
}

async function run(checkpoint: string, options: ImportCommandOptions, io: Io): Promise<void> {
  const { output, force, modulate, filterLayout: layout, json, ...given } = options;
  if (existsSync(output)) {
    if (!force) throw new UsageError(`${output} exists; --force replaces it`);
    const other = otherThanBundle(output);
    if (other !== undefined) throw new UsageError(`${output} is ${other}: nothing is replaced`);
  }
  const began = performance.now();
  const imported = await importCheckpoint(checkpoint, output, {
    ...given,
    ...(modulate !== undefined && { modulate: modulate === 'on' }),
    ...(layout !== undefined && { layout }),
    onProgress: io.progress('import'),
  });
  const report = toReport(imported, output, (performance.now() - began) / 1000);
  if (json) await io.stdout.write(JSON.stringify(report, null, 2) + '\n');
  else io.note(render(report));
}

interface Report {
  readonly file: string;
  readonly container: string;
  readonly dialect: string;
  readonly parameters: number;
  readonly bundle: string;
  readonly config: Pick<Imported['config'], 'name' | 'model' | 'filter' | 'tokenizer'>;
  readonly notes: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
}

function toReport({ config, ...imported }: Imported, bundle: string, seconds: number): Report {
  const { name, model, filter, tokenizer, files } = config;
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  return { ...imported, bundle, config: { name, model, filter, tokenizer }, bytes, seconds };
}

function render({
  file,
  container,
  dialect,
  parameters,
  bundle,
  config,
  notes,
  bytes,
  seconds,
}: Report): string {
  const { model, filter, tokenizer } = config;
  const window = filter.modulate === false ? 'no window' : `window + ${filter.shift}`;
  const lines = [
    ['read', `${file} (${container}, ${dialect} names)`],
    [
      'model',
      `${model.layers} layers of ${model.width} (MLP ${model.inner}), order ${model.order}, ` +
        `${model.vocabulary} outputs, context ${model.context}; ${parameters.toLocaleString('en')} parameters`,
    ],
    ['filters', `${filter.features} features, ${filter.hidden} hidden, ${window}`],
    ['tokenizer', tokenizer.kind],
    ...notes.map((note) => ['note', note]),
    ['bundle', `${bundle}, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(2)} s`],
  ];
  return lines.map(([key, value]) => `${key.padEnd(10)}${value}`).join('\n');
}
