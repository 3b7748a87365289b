import { computeActivations, evaluate, type Evaluation } from '../../evaluation/index.js';
import { writeSafetensors } from '../../checkpoint/index.js';
import type { LanguageModel } from '../../model/index.js';
import { encodeText } from '../../text/index.js';
import { OutputError, reasonOf, UsageError } from '../errors.js';
import { readIds } from '../ids.js';
import { readText } from '../input.js';
import type { Io } from '../io.js';
import { dnaPrompt } from '../dna-prompt.js';
import { loadModel } from '../model.js';
import { scoreFile } from './score.js';
import { table } from '../report/table.js';
import { command, type Call } from '../command.js';
import {
  COMPUTE,
  EVERYWHERE,
  JSON_OPTION,
  MIXER,
  MODEL,
  RECORDS,
  type CommandSpec,
} from '../options/index.js';

const EVAL = {
  name: 'eval',
  summary: 'bits per byte of a text file, overall and by position; or what the model computes for it',
  arguments: [{ name: '[file]', help: "UTF-8 text of any length, '-' for stdin", completes: 'file' }],
  options: {
    batch: {
      type: 'text',
      value: 'file',
      help: 'score each record of a file instead, as `flashinf score` does; with --json, as JSON lines',
      completes: 'file',
    },
    ids: {
      type: 'text',
      value: 'list',
      help: "token ids instead of text: a list 7,8,9, a file of them, or '-' for stdin",
    },
    logits: {
      type: 'text',
      value: 'file',
      help: 'write the logits of every position, [time, vocabulary], as safetensors',
      completes: 'file',
    },
    hidden: {
      type: 'text',
      value: 'file',
      help: 'write the last hidden states (what the head reads), [time, d_model]',
      completes: 'file',
    },
    stepwise: { type: 'flag', help: 'compute these token by token, as generation does, not all at once' },
    length: { type: 'integer', value: 'n', help: 'tokens per stretch', from: 2, defaultText: 'the context' },
    stretches: {
      type: 'integer',
      value: 'n',
      help: 'score n stretches, evenly spaced and wrapping around',
      from: 1,
    },
    ...JSON_OPTION,
    ...RECORDS,
    ...MODEL,
    ...MIXER,
    ...COMPUTE,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf eval book.txt', 'bits per byte, by position'],
    ['flashinf eval --ids 7,8,9 --logits out.safetensors', 'logits, to compare with another program'],
  ],
} as const satisfies CommandSpec;

type EvalOptions = Call<typeof EVAL>['options'];

export const evaluateFile = command(EVAL, async ({ args: [file], options, io }) => {
  if (options.batch !== undefined) {
    if (file !== undefined || options.ids !== undefined) {
      throw new UsageError('--batch goes with neither a file nor --ids');
    }
    await scoreFile(options.batch, { options: { ...options, jsonl: options.json === true }, io });
    return;
  }
  if (file === undefined && options.ids === undefined) {
    throw new UsageError('missing required argument: a file, or --ids');
  }
  if (file !== undefined && options.ids !== undefined) {
    throw new UsageError('eval takes either a file or --ids, not both');
  }
  const writes = options.logits !== undefined || options.hidden !== undefined;
  if (options.stepwise && !writes) throw new UsageError('--stepwise goes with --logits or --hidden');
  const input =
    options.ids === undefined ? await readText(file, io.signal) : await readIds(options.ids, io.signal);
  if (input.length === 0) throw new UsageError(`${file ?? '--ids'} is empty`);
  const { model, tokenizer } = await loadModel(options, io);
  try {
    const text = typeof input === 'string' && tokenizer.isDna ? await dnaPrompt(input, options, io) : input;
    const ids = typeof text === 'string' ? await encodeText(tokenizer, text, io.signal) : text;
    checkIds(ids, model);
    if (writes) {
      await writeActivations(model, ids, options, io);
      return;
    }
    const { context } = model.config.model;
    if (options.length !== undefined && options.length > context) {
      throw new UsageError(`--length ${options.length} exceeds the model's context of ${context}`);
    }
    // The first token of a text is predicted from the one that starts a text, if there is one.
    if (ids.length === 1 && tokenizer.startOfText === null) {
      throw new UsageError('a single token, and nothing before it: there is nothing to predict');
    }
    const began = performance.now();
    const result = await evaluate(model, tokenizer, ids, {
      ...(options.length !== undefined && { length: options.length }),
      ...(options.stretches !== undefined && { stretches: options.stretches }),
      onProgress: io.progress('eval'),
    });
    const seconds = (performance.now() - began) / 1000;
    const perBase = tokenizer.isDna && { bits_per_base: result.bits_per_byte };
    await io.stdout.write(
      options.json
        ? JSON.stringify(
            { model: model.config.name, device: model.device, seconds, ...perBase, ...result },
            null,
            2,
          ) + '\n'
        : render(result, tokenizer.isDna ? 'base' : 'byte'),
    );
  } finally {
    await model.close();
  }
});

function checkIds(ids: readonly number[], model: LanguageModel): void {
  const { vocabulary } = model.config.model;
  const odd = ids.findIndex((id) => id >= vocabulary);
  if (odd >= 0) {
    throw new UsageError(`id ${odd} is ${ids[odd]}, the model's vocabulary goes from 0 to ${vocabulary - 1}`);
  }
}

async function writeActivations(
  model: LanguageModel,
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
      throw new OutputError(`cannot write ${file}: ${reasonOf(error)}`);
    }
  };
  write(options.logits, 'logits', logits, vocabulary);
  write(options.hidden, 'hidden', hidden, width);
}

function render(result: Evaluation, unit: 'base' | 'byte'): string {
  const rows = result.buckets.map((b) => [
    `${b.from}-${b.to}`,
    `${b.tokens}`,
    `${b.bytes}`,
    b.bits_per_byte.toFixed(4),
  ]);
  rows.push(['all', `${result.tokens}`, `${result.bytes}`, result.bits_per_byte.toFixed(4)]);
  return table(['position', 'tokens', `${unit}s`, `bits per ${unit}`], rows);
}
