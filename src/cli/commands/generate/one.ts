import {
  checkStateTarget,
  type Chunk,
  generate,
  type Loaded,
  openState,
  promptIds,
  roomAfter,
  roomFrom,
  type Sampling,
  type SavedState,
  savedText,
  type TextStream,
} from '../../../generation/index.js';
import type { Progress } from '../../../model/index.js';
import { encodeText } from '../../../text/index.js';
import { UsageError } from '../../errors.js';
import type { Io } from '../../io.js';
import { checkPromptLength, limitsOf } from '../../limits.js';
import { loadModel } from '../../model.js';
import type { GENERATE } from './spec.js';
import type { Call } from '../../command.js';
import { promptOf } from './prompt.js';
import { samplingOf } from './sampling.js';
import { dnaPrompt } from '../../dna-prompt.js';
import { logprobsJson, renderStats, statsOf, writeStats } from '../../report/generation.js';

type GenerateCall = Call<typeof GENERATE>;
type GenerateOptions = GenerateCall['options'];

/** One text, from a prompt or a saved state. */
export async function generateOne(call: GenerateCall): Promise<void> {
  const { options, io } = call;
  const prompt = options.loadState === undefined ? await promptOf(call) : '';
  if (options.saveState !== undefined) checkStateTarget(options.saveState);
  const began = performance.now();
  const loaded = await loadModel(options, io);
  const loading = performance.now() - began;
  try {
    const from = options.loadState === undefined ? undefined : openState(options.loadState, loaded.model);
    const own = loaded.tokenizer.isDna && !from ? await dnaPrompt(prompt, options, io) : prompt;
    const stream = from ? goOn(call, loaded, from) : await begin(call, loaded, own);
    if (options.echo) await io.stdout.write(from ? savedText(loaded.tokenizer, from) : own);
    const logprobs: object[] = [];
    const status = io.counter('text', 'tokens', options.nPredict > 0 ? options.nPredict : undefined);
    let tokens = 0;
    for await (const chunk of stream) {
      status(++tokens);
      if (chunk.logprobs && options.json) logprobs.push(logprobsJson(loaded.tokenizer, chunk.logprobs));
      await printChunk(chunk, loaded, options, io);
    }
    status(undefined);
    const { result } = stream;
    const mixer = from?.point.mixer.name ?? options.mixer;
    const stats = {
      ...statsOf(loaded, result, { mixer, threads: options.threads, loading }),
      mixer_bytes: stream.mixerBytes,
      peak_bytes: process.resourceUsage().maxRSS * 1024,
    };
    if (options.json || options.jsonl) {
      const object = {
        text: result.text,
        tokens: result.tokens,
        ...stats,
        ...(options.json && options.logprobs !== undefined && { logprobs }),
      };
      await io.stdout.write(JSON.stringify(object, null, options.json ? 2 : 0) + '\n');
    } else if (io.stdout.isTerminal && (result.tokens.length > 0 || options.echo))
      await io.stdout.write('\n');
    if (
      options.saveState !== undefined &&
      result.stopType === 'interrupted' &&
      result.tokens.length === 0 &&
      !from
    ) {
      io.note(`interrupted before the first token: ${options.saveState} was not written`);
    }
    if (typeof options.stats === 'string') await writeStats(options.stats, stats);
    else if (options.stats) io.note(renderStats(stats, io.colour));
  } finally {
    await loaded.model.close();
  }
}

/** Shells do not read escapes in quotes, and a stop that never comes says nothing. Only people are told. */
function warnOfEscapes({ options, io }: GenerateCall): void {
  const stop = options.stop?.find((stop) => /\\[nrt]/.test(stop));
  if (stop === undefined || !process.stderr.isTTY) return;
  const written = stop.replaceAll("'", "\\'");
  io.note(`--stop ${stop} has a backslash in it; with escapes, bash and zsh write it $'${written}'`);
}

/** Progress in arbitrary units as progress in tokens. */
const inTokens =
  (progress: Progress, tokens: number): Progress =>
  (done, total) =>
    progress((done / total) * tokens, tokens);

/** What every run takes from the command line, a new one and one that goes on. */
const common = ({ options, io }: GenerateCall, prompt: number) => ({
  threads: options.threads,
  raw: options.raw === true,
  signal: AbortSignal.any([io.signal, io.stdout.gone]),
  onPrefill: inTokens(io.progress('prompt', 'tokens'), prompt),
  ...(options.memory !== undefined && { memory: options.memory }),
  ...(options.logprobs !== undefined && { logprobs: options.logprobs }),
  ...(options.saveState !== undefined && { save: options.saveState }),
});

async function begin(call: GenerateCall, loaded: Loaded, prompt: string): Promise<TextStream> {
  const { options } = call;
  warnOfEscapes(call);
  checkPromptLength(prompt, limitsOf(loaded), 'the prompt');
  const encoded = await encodeText(loaded.tokenizer, prompt, call.io.signal);
  const ids = encoded.length > 0 ? encoded : promptIds(loaded.tokenizer, prompt);
  return generate(loaded, ids, {
    ...common(call, ids.length),
    ...lengths(options, ids.length, loaded),
    sampling: samplingOf(options),
    mixer: options.mixer,
    ignoreEos: options.ignoreEos === true,
    allow: options.allow,
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.stop !== undefined && { stop: options.stop }),
  });
}

/** Tokens to generate, and to have room for. */
function lengths(
  { nPredict, ctxSize }: GenerateOptions,
  prompt: number,
  { model }: Loaded,
): { count: number; room: number } {
  const { context } = model.config.model;
  if (ctxSize !== undefined && ctxSize > context) {
    throw new UsageError(`--ctx-size ${ctxSize} exceeds the model's context of ${context}`);
  }
  // The last token is never fed back, so it takes no place in the model's context; of a size asked for, it does.
  const room = ctxSize === undefined ? roomAfter(prompt, model) : Math.max(0, ctxSize - prompt);
  const whose = ctxSize === undefined ? `the model's context is ${context}` : `--ctx-size is ${ctxSize}`;
  if (room === 0) throw new UsageError(`the prompt has ${prompt} tokens, and ${whose}`);
  if (nPredict > room) {
    throw new UsageError(
      `after ${prompt} prompt tokens -n can be at most ${room}, not ${nPredict}: ${whose}`,
    );
  }
  const count = nPredict === -1 ? room : nPredict;
  return { count, room: ctxSize === undefined ? count : room };
}

/** What is on the command line changes the saved run from here on; the environment does not. */
function goOn(call: GenerateCall, loaded: Loaded, from: SavedState): TextStream {
  const { options, given } = call;
  const sampling = Object.fromEntries(
    (['repeatPenalty', 'repeatLastN', 'topK', 'topP', 'minP', 'temp'] as const)
      .filter((name) => given(name))
      .map((name) => [name === 'temp' ? 'temperature' : name, options[name]]),
  ) as Partial<Sampling>;
  return generate(loaded, '', {
    ...common(call, from.point.ids.length),
    from,
    sampling,
    ...(given('stop') && options.stop !== undefined && { stop: options.stop }),
    ...(given('ignoreEos') && { ignoreEos: true }),
    ...(given('allow') && { allow: options.allow }),
    count: countFrom(call, from),
  });
}

function countFrom({ options, given }: GenerateCall, { point, text }: SavedState): number {
  const { nPredict, loadState } = options;
  const room = roomFrom(point);
  const count = !given('nPredict') ? text.remaining : nPredict === -1 ? room : nPredict;
  if (count > room) {
    throw new UsageError(
      `${loadState} has room for ${room} more tokens, not ${count}: save it with a larger --ctx-size`,
    );
  }
  if (count === 0 && !text.ended) {
    throw new UsageError(
      `${loadState} has all the tokens it was to have: -n says how many more (at most ${room})`,
    );
  }
  return count;
}

async function printChunk(
  { token, bytes, logprobs }: Chunk,
  { tokenizer }: Loaded,
  options: GenerateOptions,
  io: Io,
): Promise<void> {
  if (options.json) return;
  // Bytes that are no character come out as U+FFFD.
  const text = Buffer.from(bytes).toString('utf8');
  if (!options.jsonl) return io.stdout.write(options.raw ? bytes : text);
  const { logprob, top } = logprobs ? logprobsJson(tokenizer, logprobs) : {};
  const line = { token, text, logprob, top };
  await io.stdout.write(JSON.stringify(line) + '\n');
}
