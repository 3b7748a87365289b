import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { Command, Option } from 'commander';
import { Generation, roomAfter } from '../generation/generation.js';
import type { MixerName } from '../mixer/index.js';
import type { HyenaModel } from '../model/index.js';
import { neverDrawn } from '../text/index.js';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import { load, type Loaded } from '../generation/load.js';
import { integer, mixerOption, modelOptions, samplingOptions } from './options.js';
import type { ModelOptions, SamplingOptions } from './options.js';
import { readPrompt, type PromptOptions } from './prompt.js';

interface GenerateOptions extends ModelOptions, SamplingOptions, PromptOptions {
  readonly nPredict: number;
  readonly mixer: MixerName;
  readonly ignoreEos?: boolean;
  readonly echo?: boolean;
  readonly stats?: true | string;
}

const HINT = `Nothing to continue. Give a prompt, or pipe one in:
  flashinf generate -p "Once upon a time"
  echo "Once upon a time" | flashinf generate`;

export function generateCommand(io: Io): Command {
  const command = new Command('generate')
    .description('continue a prompt; stdout carries the generated text only')
    .option('-p, --prompt <text>', 'the prompt; after what is piped in, if anything is')
    .option('-f, --file <file>', "a file that holds the prompt, '-' for stdin")
    .addOption(
      new Option('-n, --n-predict <n>', 'tokens to generate; -1: until the context is full')
        .env('FLASHINF_N_PREDICT')
        .argParser(integer(-1))
        .default(256),
    )
    .option('--ignore-eos', 'go on when the text would end')
    .option('--echo', 'print the prompt first')
    .option('--stats [file]', 'report speed, seed and device: to stderr, or as JSON to a file');
  for (const option of [...samplingOptions(), mixerOption(), ...modelOptions()]) command.addOption(option);
  return command.action((options: GenerateOptions) => run(options, io));
}

async function run(options: GenerateOptions, io: Io): Promise<void> {
  const prompt = await readPrompt(options);
  if (prompt === undefined) throw new UsageError(HINT);
  if (options.nPredict === 0) throw new UsageError('--n-predict must be -1 or at least 1, not 0');
  const began = performance.now();
  const loaded = await load(options.model, options);
  const loading = performance.now() - began;
  try {
    const { model, tokenizer } = loaded;
    const ids = promptIds(prompt, loaded);
    const seed = options.seed ?? randomInt(2 ** 32);
    const generation = new Generation(model, ids, {
      count: generateCount(options.nPredict, ids.length, model),
      sampling: { temperature: options.temp, topK: options.topK, topP: options.topP },
      seed,
      mixer: options.mixer,
      threads: options.threads,
      never: neverDrawn(tokenizer, model.config.model.vocabulary),
      endOfText: options.ignoreEos ? null : tokenizer.endOfText,
      signal: AbortSignal.any([io.signal, io.stdout.gone]),
      onPrefill: io.progress('prompt'),
    });
    if (options.echo) await io.stdout.write(prompt);
    const decoder = new StringDecoder('utf8');
    for await (const id of generation) await io.stdout.write(decoder.write(Buffer.from(tokenizer.bytes(id))));
    await io.stdout.write(decoder.end());
    if (io.stdout.isTerminal) await io.stdout.write('\n');
    if (options.stats) await report(options, io, loaded, generation, { prompt: ids.length, seed, loading });
  } finally {
    await loaded.model.close();
  }
}

/** An empty prompt starts a new text, which only a model with a token for it can. */
function promptIds(prompt: string, { tokenizer }: Loaded): number[] {
  const ids = tokenizer.encode(prompt);
  if (ids.length > 0) return ids;
  if (tokenizer.startOfText === null)
    throw new UsageError('the prompt is empty, and this model cannot start without one');
  return [tokenizer.startOfText];
}

function generateCount(asked: number, prompt: number, model: HyenaModel): number {
  const { context } = model.config.model;
  const room = roomAfter(prompt, model);
  if (room === 0) throw new UsageError(`the prompt has ${prompt} tokens, the model's context is ${context}`);
  if (asked > room) {
    throw new UsageError(
      `${prompt} prompt tokens and ${asked} to generate exceed the model's context of ${context}: -n can be at most ${room}`,
    );
  }
  return asked === -1 ? room : asked;
}

async function report(
  options: GenerateOptions,
  io: Io,
  { model }: Loaded,
  generation: Generation,
  facts: { prompt: number; seed: number; loading: number },
): Promise<void> {
  const { timings, generated } = generation;
  const steps = Math.max(0, generated - 1);
  const perSecond = (count: number, ms: number): number => (ms > 0 ? (count / ms) * 1000 : 0);
  const stats = {
    model: { name: model.config.name, id: model.id },
    device: model.device,
    mixer: options.mixer,
    threads: options.threads,
    seed: facts.seed,
    stop_type: generation.reason,
    load_ms: facts.loading,
    prompt_n: facts.prompt,
    prompt_ms: timings.prompt,
    prompt_per_second: perSecond(facts.prompt, timings.prompt),
    predicted_n: generated,
    predicted_ms: timings.predicted,
    predicted_per_second: perSecond(steps, timings.predicted),
    steps_ms: timings.steps,
    mixing_ms: timings.mixing,
    mixer_bytes: generation.mixerBytes,
    peak_bytes: process.resourceUsage().maxRSS * 1024,
  };
  if (typeof options.stats === 'string') {
    await writeFile(options.stats, JSON.stringify(stats, null, 2) + '\n').catch(
      (error: NodeJS.ErrnoException) => {
        throw new UsageError(`cannot write ${String(options.stats)}: ${error.code ?? error.message}`);
      },
    );
    return;
  }
  const each = (ms: number): string => (ms / Math.max(1, steps)).toFixed(3);
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  io.note(`
model    ${stats.model.name} on ${stats.device}, ${stats.mixer} mixer, ${stats.threads} thread(s), seed ${stats.seed}
load     ${facts.loading.toFixed(0)} ms
prompt   ${stats.prompt_n} tokens in ${stats.prompt_ms.toFixed(0)} ms, ${stats.prompt_per_second.toFixed(0)} tokens/s
text     ${generated} tokens in ${stats.predicted_ms.toFixed(0)} ms, ${stats.predicted_per_second.toFixed(0)} tokens/s (stop: ${stats.stop_type})
token    ${each(timings.steps)} ms model, ${each(timings.mixing)} ms mixing
memory   ${mebibytes(stats.mixer_bytes)} in the mixer, ${mebibytes(stats.peak_bytes)} at the peak`);
}
