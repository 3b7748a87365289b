import { Command, Option } from 'commander';
import { evaluate, type Evaluation } from '../bench/evaluate.js';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import { load } from '../generation/load.js';
import { integer, jsonOption, modelOptions, type ModelOptions } from './options.js';
import { readText } from './prompt.js';
import { table } from './table.js';

interface EvalOptions extends ModelOptions {
  readonly length?: number;
  readonly stretches?: number;
  readonly json?: boolean;
}

export function evalCommand(io: Io): Command {
  const command = new Command('eval')
    .description('bits per byte of a text file, overall and by position')
    .argument('<file>', "UTF-8 text of any length, '-' for stdin")
    .addOption(new Option('--length <n>', 'tokens per stretch (default: the context)').argParser(integer(2)))
    .addOption(
      new Option('--stretches <n>', 'score n stretches, evenly spaced and wrapping around').argParser(
        integer(1),
      ),
    )
    .addOption(jsonOption());
  for (const option of modelOptions()) command.addOption(option);
  return command.action((file: string, options: EvalOptions) => run(file, options, io));
}

async function run(file: string, options: EvalOptions, io: Io): Promise<void> {
  const text = await readText(file);
  if (text === '') throw new UsageError(`${file} is empty`);
  const { model, tokenizer } = await load(options.model, options);
  try {
    const { context } = model.config.model;
    if (options.length !== undefined && options.length > context) {
      throw new UsageError(`--length ${options.length} exceeds the model's context of ${context}`);
    }
    const began = performance.now();
    const result = await evaluate(model, tokenizer, tokenizer.encode(text), {
      ...(options.length !== undefined && { length: options.length }),
      ...(options.stretches !== undefined && { stretches: options.stretches }),
      onProgress: io.progress('eval'),
    });
    const seconds = (performance.now() - began) / 1000;
    await io.stdout.write(
      options.json
        ? JSON.stringify({ model: model.config.name, device: model.device, seconds, ...result }, null, 2) +
            '\n'
        : render(result),
    );
  } finally {
    await model.close();
  }
}

function render(result: Evaluation): string {
  const rows = result.buckets.map((b) => [
    `${b.from}-${b.to}`,
    `${b.tokens}`,
    `${b.bytes}`,
    b.bits_per_byte.toFixed(4),
  ]);
  rows.push(['all', `${result.tokens}`, `${result.bytes}`, result.bits_per_byte.toFixed(4)]);
  return table(['position', 'tokens', 'bytes', 'bits per byte'], rows);
}
