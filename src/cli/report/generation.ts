/** What `generate` says about a text besides the text: the fields of --json, --jsonl and --stats. */
import { writeFile } from 'node:fs/promises';
import type { ChalkInstance } from 'chalk';
import type { Loaded, Logprobs, TextResult, TokenLogprob } from '../../generation/index.js';
import type { Tokenizer } from '../../text/index.js';
import { OutputError, reasonOf } from '../errors.js';

/** How it was computed: the same for all texts of a command. */
export interface Circumstances {
  readonly mixer: string;
  readonly threads: number;
  readonly loading: number;
}

/** Everything but the text, by the names that llama.cpp's server uses where it has one. */
export function statsOf({ model }: Loaded, result: TextResult, { mixer, threads, loading }: Circumstances) {
  const { timings, tokens, promptTokens } = result;
  return {
    stop_type: result.stopType,
    stopping_word: result.stoppingWord,
    seed: result.seed,
    model: { name: model.config.name, id: model.id },
    device: model.device,
    device_problem: model.fallback ?? null,
    mixer,
    threads,
    timings: {
      load_ms: loading,
      prompt_n: promptTokens,
      prompt_ms: timings.prompt,
      prompt_per_second: perSecond(promptTokens, timings.prompt),
      predicted_n: tokens.length,
      predicted_ms: timings.predicted,
      predicted_per_second: perSecond(Math.max(0, tokens.length - 1), timings.predicted),
      steps_ms: timings.steps,
      mixing_ms: timings.mixing,
    },
  };
}

export type Stats = ReturnType<typeof statsOf> & { mixer_bytes: number; peak_bytes: number };

const perSecond = (count: number, ms: number): number => (ms > 0 ? (count / ms) * 1000 : 0);

/** Log probabilities with what the tokens stand for. */
export function logprobsJson(tokenizer: Tokenizer, { top, ...own }: Logprobs) {
  const piece = ({ id, logprob }: TokenLogprob) => ({
    token: id,
    piece: Buffer.from(tokenizer.bytes(id)).toString('utf8'),
    logprob,
  });
  return { ...piece(own), top: top.map(piece) };
}

/** To a file as JSON. Throws an OutputError. */
export async function writeStats(file: string, stats: object): Promise<void> {
  await writeFile(file, JSON.stringify(stats, null, 2) + '\n').catch((error: unknown) => {
    throw new OutputError(`cannot write ${file}: ${reasonOf(error)}`);
  });
}

/** For people. */
export function renderStats(stats: Stats, colour: ChalkInstance): string {
  const { timings: t } = stats;
  const each = (ms: number): string => (ms / Math.max(1, t.predicted_n - 1)).toFixed(3);
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const rate = (perSecond: number): string => colour.bold(`${perSecond.toFixed(0)} tokens/s`);
  const lines = [
    [
      'model',
      `${stats.model.name} on ${stats.device}, ${stats.mixer} mixer, ${stats.threads} thread(s), seed ${stats.seed}`,
    ],
    ...(stats.device_problem === null ? [] : [['device', `not CUDA: ${stats.device_problem}`]]),
    ['load', `${t.load_ms.toFixed(0)} ms`],
    ['prompt', `${t.prompt_n} tokens in ${t.prompt_ms.toFixed(0)} ms, ${rate(t.prompt_per_second)}`],
    [
      'text',
      `${t.predicted_n} tokens in ${t.predicted_ms.toFixed(0)} ms, ${rate(t.predicted_per_second)} (stop: ${stats.stop_type})`,
    ],
    ['token', `${each(t.steps_ms)} ms model, ${each(t.mixing_ms)} ms mixing`],
    ['memory', `${mebibytes(stats.mixer_bytes)} in the mixer, ${mebibytes(stats.peak_bytes)} at the peak`],
  ];
  return lines.map(([key, value]) => `${colour.cyan(key.padEnd(9))}${value}`).join('\n');
}
