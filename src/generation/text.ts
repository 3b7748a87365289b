/** Text, and not only tokens: what most programs want. */
import { randomInt } from 'node:crypto';
import { neverDrawn, Outlet, TextError, type Tokenizer } from '../text/index.js';
import type { MixerName, Plan } from '../mixer/index.js';
import type { Progress } from '../model/index.js';
import { Generation, roomAfter, roomFrom, type StopReason, type Timings } from './generation.js';
import type { Loaded } from './load.js';
import { logprobsOf, type Logprobs } from './logprobs.js';
import { DEFAULT_SAMPLING, type Sampling } from './sampler.js';
import { writeState, type SavedState } from './state-file.js';

export interface TextOptions {
  /** Most tokens to generate. Default: 256, or what the context has room for. Going on: what was left. */
  readonly count?: number;
  /** The same seed gives the same text. Default: random. */
  readonly seed?: number;
  /** What it leaves out is as in `DEFAULT_SAMPLING`. */
  readonly sampling?: Partial<Sampling>;
  /** The text ends before any of these, also where they span tokens. */
  readonly stop?: readonly string[];
  /** Go on when the text would end. */
  readonly ignoreEos?: boolean;
  /** Let out parts of characters. */
  readonly raw?: boolean;
  /** Also report the log probabilities of each token and of this many most likely ones. */
  readonly logprobs?: number;
  /** Default: tiled. */
  readonly mixer?: MixerName;
  /** Default: `flatPlan`. */
  readonly plan?: Plan;
  /** Default: 1. */
  readonly threads?: number;
  /** Tokens to have room for when going on from a saved state. Default: `count`. */
  readonly room?: number;
  /** Ends the text before its next token. */
  readonly signal?: AbortSignal;
  readonly onPrefill?: Progress;
  /** Go on from here instead of from a prompt; what the options leave out is as it was. */
  readonly from?: SavedState;
  /** Save the run to this file when it ends. What is held back then stays so: it is the first the next run lets out. */
  readonly save?: string;
}

/** What one token lets out. */
export interface Chunk {
  /** The token; null for what was held back until the end. */
  readonly token: number | null;
  /** Nothing while it may be part of a stop or of a character. */
  readonly bytes: Uint8Array;
  readonly logprobs?: Logprobs;
}

export type StopType = StopReason | 'word';

/** What is known once the text has ended. */
export interface TextResult {
  readonly text: string;
  /** Those generated, also the ones of a stop that is no part of the text. */
  readonly tokens: readonly number[];
  readonly stopType: StopType;
  readonly stoppingWord: string | null;
  readonly promptTokens: number;
  readonly seed: number;
  /** ms. */
  readonly timings: Timings;
  readonly mixerBytes: number;
}

const DEFAULT_COUNT = 256;

/**
 * Continues a text, token by token:
 *
 *     const text = generate(await load('models/hyena-classics'), 'Once upon a time', { count: 100 });
 *     for await (const { bytes } of text) process.stdout.write(bytes);
 *     console.log(text.result.stopType);
 *
 * Throws a RangeError where the context has no room, and a TextError where the vocabulary lacks a character.
 *
 * @param prompt text or ids; an empty text starts a new one. Ignored when going on
 */
export function generate(
  loaded: Loaded,
  prompt: string | readonly number[],
  options: TextOptions = {},
): TextStream {
  return new TextStream(loaded, prompt, options);
}

/** A text being generated. To be iterated once. */
export class TextStream implements AsyncIterable<Chunk> {
  readonly seed: number;
  readonly prompt: readonly number[];
  readonly count: number;
  private readonly generation: Generation;
  private readonly outlet: Outlet;
  private readonly tokenizer: Tokenizer;
  private readonly sampling: Sampling;
  private readonly stop: readonly string[];
  private readonly ignoreEos: boolean;
  private readonly carried: Uint8Array;
  private readonly tokens: number[] = [];
  /** Bytes let out. */
  private leftBytes = 0;
  private endedBefore = false;

  constructor(
    { model, tokenizer }: Loaded,
    prompt: string | readonly number[],
    private readonly options: TextOptions,
  ) {
    const { from, room, onPrefill, signal, plan, mixer, threads, raw = false, save } = options;
    const saved = from?.text;
    this.tokenizer = tokenizer;
    this.seed = saved?.seed ?? options.seed ?? randomInt(2 ** 32);
    this.sampling = { ...DEFAULT_SAMPLING, ...saved?.sampling, ...options.sampling };
    this.stop = options.stop ?? saved?.stop ?? [];
    if (this.stop.includes('')) throw new RangeError('an empty text would stop every text');
    this.ignoreEos = options.ignoreEos ?? saved?.ignoreEos ?? false;
    this.carried = saved?.held ?? new Uint8Array(0);
    this.outlet = new Outlet({ stops: this.stop, raw, held: this.carried });
    this.endedBefore = saved?.ended === true && !this.ignoreEos;
    this.prompt = from?.point.ids ?? (typeof prompt === 'string' ? promptIds(tokenizer, prompt) : prompt);
    const most = from === undefined ? roomAfter(this.prompt.length, model) : roomFrom(from.point);
    this.count = this.endedBefore ? 0 : (options.count ?? saved?.remaining ?? Math.min(DEFAULT_COUNT, most));
    this.generation = new Generation(model, this.prompt, {
      count: this.count,
      seed: this.seed,
      sampling: this.sampling,
      never: neverDrawn(tokenizer, model.config.model.vocabulary),
      endOfText: this.ignoreEos ? null : tokenizer.endOfText,
      ...(room !== undefined && { room }),
      ...(mixer !== undefined && { mixer }),
      ...(plan !== undefined && { plan }),
      ...(threads !== undefined && { threads }),
      ...(signal !== undefined && { signal }),
      ...(onPrefill !== undefined && { onPrefill }),
      ...(from !== undefined && { from: from.point }),
      ...(save !== undefined && { onEnd: (point) => writeState(save, model, this.toSave(), point) }),
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Chunk, void, void> {
    const { generation, outlet, tokenizer, tokens } = this;
    const { logprobs, save } = this.options;
    for await (const token of generation) {
      tokens.push(token);
      const bytes = outlet.push(tokenizer.bytes(token));
      this.leftBytes += bytes.length;
      yield {
        token,
        bytes,
        ...(logprobs !== undefined && { logprobs: logprobsOf(generation.logits, token, logprobs) }),
      };
      if (outlet.stop !== null) return;
    }
    // A text that goes on later lets out then what it still holds back.
    if (save !== undefined && !this.ended) return;
    const rest = outlet.flush();
    this.leftBytes += rest.length;
    if (rest.length > 0) yield { token: null, bytes: rest };
  }

  get result(): TextResult {
    const { generation, outlet, tokenizer, tokens, seed, prompt } = this;
    const all = Buffer.concat([this.carried, ...tokens.map((id) => tokenizer.bytes(id))]);
    return {
      text: all.subarray(0, this.leftBytes).toString('utf8'),
      tokens,
      stopType: outlet.stop !== null ? 'word' : this.endedBefore ? 'eos' : generation.reason,
      stoppingWord: outlet.stop,
      promptTokens: prompt.length,
      seed,
      timings: generation.timings,
      mixerBytes: generation.mixerBytes,
    };
  }

  /** Whether the model ended the text, in this run or before. */
  private get ended(): boolean {
    return this.endedBefore || this.generation.reason === 'eos';
  }

  private toSave(): Parameters<typeof writeState>[2] {
    const { seed, sampling, stop, ignoreEos, ended, outlet, count, generation } = this;
    const held = ended ? new Uint8Array(0) : outlet.held;
    return { seed, sampling, stop, ignoreEos, remaining: count - generation.generated, ended, held };
  }
}

/** An empty prompt starts a new text, which only a model with a token for it can. Throws a TextError. */
export function promptIds(tokenizer: Tokenizer, prompt: string): number[] {
  const ids = tokenizer.encode(prompt);
  if (ids.length > 0) return ids;
  if (tokenizer.startOfText === null) {
    throw new TextError('the prompt is empty, and this model cannot start without one');
  }
  return [tokenizer.startOfText];
}

/** The text that a saved run has let out so far, its prompt included. */
export function savedText(tokenizer: Tokenizer, { text, point }: SavedState): string {
  const bytes = decodeBytes(tokenizer, point.ids);
  return bytes.subarray(0, bytes.length - text.held.length).toString('utf8');
}

function decodeBytes(tokenizer: Tokenizer, ids: readonly number[]): Buffer {
  return Buffer.concat(ids.map((id) => tokenizer.bytes(id)));
}
