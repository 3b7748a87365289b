import { existsSync, readdirSync, statSync } from 'node:fs';
import { importCheckpoint, type Imported } from '../../checkpoint/index.js';
import { hyenaDimensions } from '../../hyena/index.js';
import { otherThanBundle } from '../../model/index.js';
import { onOutput, UsageError } from '../errors.js';
import type { IMPORT } from '../options/index.js';
import type { Call } from '../program.js';

export async function importBundle({ args: [checkpoint], options, io }: Call<typeof IMPORT>): Promise<void> {
  const { output, force, modulate, filterLayout: layout, json, verbose, ...given } = options;
  void verbose;
  checkOutput(output, force);
  const began = performance.now();
  const imported = await onOutput(output, () =>
    importCheckpoint(checkpoint, output, {
      ...given,
      ...(modulate !== undefined && { modulate: modulate === 'on' }),
      ...(layout !== undefined && { layout }),
      onProgress: io.progress('import'),
    }),
  );
  const report = toReport(imported, output, (performance.now() - began) / 1000);
  if (json) await io.stdout.write(JSON.stringify(report, null, 2) + '\n');
  else io.note(render(report));
}

/** An empty directory is filled; a bundle is replaced if that is asked for; nothing else is. */
function checkOutput(output: string, force: boolean | undefined): void {
  if (output === '') throw new UsageError('--output is empty');
  if (!existsSync(output)) return;
  const other = otherThanBundle(output);
  const vacant = statSync(output).isDirectory() && readdirSync(output).length === 0;
  if (!force && !vacant) throw new UsageError(`${output} exists; --force replaces it`);
  if (other !== undefined) throw new UsageError(`${output} is ${other}: nothing is replaced`);
}

interface Report {
  readonly file: string;
  readonly container: string;
  readonly dialect: string;
  readonly parameters: number;
  readonly bundle: string;
  readonly config: Pick<Imported['config'], 'name' | 'model' | 'filter' | 'tokenizer'>;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
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
  warnings,
  bytes,
  seconds,
}: Report): string {
  const { filter, tokenizer } = config;
  const model = hyenaDimensions(config.model);
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
    ...warnings.map((warning) => ['warning', warning]),
    ['bundle', `${bundle}, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(2)} s`],
  ];
  return lines.map(([key, value]) => `${key.padEnd(10)}${value}`).join('\n');
}
