import { Command, Option } from 'commander';
import { evaluate, type Evaluation } from '../bench/evaluate.js';
import { writeSafetensors } from '../checkpoint/index.js';
import { computeActivations } from '../generation/activations.js';
import type { MixerName } from '../mixer/index.js';
import type { HyenaModel } from '../model/index.js';
import { OutputError, UsageError } from './errors.js';
import { readIds } from './ids.js';
import type { Io } from './io.js';
import { load } from '../generation/load.js';
import { integer, jsonOption, mixerOption, modelOptions, type ModelOptions } from './options.js';
import { readText } from './prompt.js';
import { table } from './table.js';

interface EvalOptions extends ModelOptions {
  readonly ids?: string;
  readonly logits?: string;
  readonly hidden?: string;
  readonly stepwise?: boolean;
  readonly mixer: MixerName;
  readonly length?: number;
  readonly stretches?: number;
  readonly json?: boolean;
}

export function evalCommand(io: Io): Command {
  const command = new Command('eval')
    .description('bits per byte of a text file, overall and by position; or what the model computes for it')
    .argument('[file]', "UTF-8 text of any length, '-' for stdin")
    .option('--ids <list>', "token ids instead of text: a list 7,8,9, a file of them, or '-' for stdin")
    .option('--logits <file>', 'write the logits of every position, [time, vocabulary], as safetensors')
    .option('--hidden <file>', 'write the last hidden states (what the head reads), [time, d_model]')
    .option('--stepwise', 'compute these token by token, as generation does, not all at once')
    .addOption(mixerOption())
    .addOption(new Option('--length <n>', 'tokens per stretch (default: the context)').argParser(integer(2)))
    .addOption(
      new Option('--stretches <n>', 'score n stretches, evenly spaced and wrapping around').argParser(
        integer(1),
      ),
    )
    .addOption(jsonOption());
  for (const option of modelOptions()) command.addOption(option);
  return command.action((file: string | undefined, options: EvalOptions) => run(file, options, io));
}

async function run(file: string | undefined, options: EvalOptions, io: Io): Promise<void> {
  if (file === undefined && options.ids === undefined) {
    throw new UsageError('missing required argument: a file, or --ids');
  }
  if (file !== undefined && options.ids !== undefined) {
    throw new UsageError('eval takes either a file or --ids, not both');
  }
  const writes = options.logits !== undefined || options.hidden !== undefined;
  if (options.stepwise && !writes) throw new UsageError('--stepwise goes with --logits or --hidden');
  const input = options.ids === undefined ? await readText(file!) : await readIds(options.ids);
  if (input.length === 0) throw new UsageError(`${file ?? '--ids'} is empty`);
  const { model, tokenizer } = await load(options.model, options);
  try {
    const ids = typeof input === 'string' ? tokenizer.encode(input) : input;
    checkIds(ids, model);
    if (writes) {
      await writeActivations(model, ids, options, io);
      return;
    }
    const { context } = model.config.model;
    if (options.length !== undefined && options.length > context) {
      throw new UsageError(`--length ${options.length} exceeds the model's context of ${context}`);
    }
    const began = performance.now();
    const result = await evaluate(model, tokenizer, ids, {
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

function checkIds(ids: readonly number[], model: HyenaModel): void {
  const { vocabulary } = model.config.model;
  const odd = ids.findIndex((id) => id >= vocabulary);
  if (odd >= 0) {
    throw new UsageError(`id ${odd} is ${ids[odd]}, the model's vocabulary goes from 0 to ${vocabulary - 1}`);
  }
}

async function writeActivations(
  model: HyenaModel,
  ids: readonly number[],
  options: EvalOptions,
  io: Io,
): Promise<void> {
  const { vocabulary, width, context } = model.config.model;
  if (ids.length > context) {
    throw new UsageError(`${ids.length} tokens exceed the model's context of ${context}`);
  }
  const { logits, hidden } = await computeActivations(model, ids, {
    ...(options.stepwise && { stepwise: options.mixer }),
    threads: options.threads,
    onProgress: io.progress('eval'),
  });
  const write = (file: string | undefined, name: string, data: Float32Array, columns: number): void => {
    if (file === undefined) return;
    try {
      writeSafetensors(file, { [name]: { shape: [ids.length, columns], data } }, { model: model.id });
    } catch (error) {
      throw new OutputError(`cannot write ${file}: ${(error as Error).message}`);
    }
  };
  write(options.logits, 'logits', logits, vocabulary);
  write(options.hidden, 'hidden', hidden, width);
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
