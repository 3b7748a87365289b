/** Text, and not only tokens: what most programs want. */
import { randomInt } from 'node:crypto';
import type { Progress } from '../model/index.js';
import { neverDrawn, TextError, type Tokenizer } from '../text/index.js';
import { Generation } from './generation.js';
import type { Loaded } from './load.js';
import { checkTextOptions, type ComputeOptions, type MixingChoice } from './options.js';
import { defaultSampling, samplingOf, type Sampling } from './sampler.js';
import { checkStateTarget, writeState, type SavedState } from './state-file.js';
import { TextBuilder, type Chunk, type TextBuilderOptions, type TextResult } from './text-builder.js';

/** What shapes one text. */
export interface TextShape extends Omit<TextBuilderOptions, 'held'> {
  /**
   * Most tokens to generate; -1: until the context is full. Default: 256, or what there is room for; going on, what was
   * left.
   */
  readonly count?: number | undefined;
  /** The same seed gives the same text. Default: random. */
  readonly seed?: number | undefined;
  /** What it leaves out is as `defaultSampling` has it. */
  readonly sampling?: Partial<Sampling> | undefined;
  /** Never draw the token that ends a text. */
  readonly ignoreEos?: boolean | undefined;
  /** Draw only tokens that consist of these characters, such as ACGT; the one that ends a text aside. Default: any. */
  readonly allow?: string | undefined;
}

/** What `generate` takes. */
export interface TextOptions extends TextShape, ComputeOptions, MixingChoice {
  /** Tokens to have room for when going on from a saved state. Default: `count`. */
  readonly room?: number | undefined;
  /** Reports how far the prompt has been read. */
  readonly onPrefill?: Progress | undefined;
  /** Go on from here instead of from a prompt; what the options leave out is as it was. */
  readonly from?: SavedState | undefined;
  /** Save the run to this file when it ends. What is held back then stays so: it is the first the next run lets out. */
  readonly save?: string | undefined;
}

/**
 * Continues a text, token by token:
 *
 *     const text = generate(await load('models/hyena-classics'), 'Once upon a time', { count: 100 });
 *     for await (const { bytes } of text) process.stdout.write(bytes);
 *     console.log(text.result.stopType);
 *
 * Throws a RangeError where the context has no room, a TextError where the vocabulary lacks a character, a
 * StateWriteError where there is no place to `save`, and a TypeError or RangeError for options that make no sense.
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
  private readonly prompt: readonly number[];
  private readonly generation: Generation;
  private readonly builder: TextBuilder;
  private readonly sampling: Sampling;
  private readonly stop: readonly string[];
  private readonly ignoreEos: boolean;
  private readonly allow: string | undefined;
  /** The text had ended before this run. */
  private readonly over: boolean;

  constructor(
    { model, tokenizer }: Loaded,
    prompt: string | readonly number[],
    private readonly options: TextOptions,
  ) {
    checkTextOptions(options);
    const { from, save, count, seed, sampling, stop, ignoreEos, allow, raw, logprobs, ...rest } = options;
    if (save !== undefined) checkStateTarget(save);
    const saved = from?.text;
    this.seed = saved?.seed ?? seed ?? randomInt(2 ** 32);
    this.sampling = samplingOf(defaultSampling(tokenizer), saved?.sampling, sampling);
    this.stop = stop ?? saved?.stop ?? [];
    this.ignoreEos = ignoreEos ?? saved?.ignoreEos ?? false;
    this.allow = allow ?? saved?.allow;
    this.over = saved?.ended === true && !this.ignoreEos;
    this.builder = new TextBuilder(tokenizer, { stop: this.stop, raw, logprobs, held: saved?.held });
    this.prompt = from?.point.ids ?? (typeof prompt === 'string' ? promptIds(tokenizer, prompt) : prompt);
    this.generation = new Generation(model, this.prompt, {
      ...rest,
      count: this.over ? 0 : (count ?? saved?.remaining),
      seed: this.seed,
      sampling: this.sampling,
      never: neverDrawn(tokenizer, model.config.model.vocabulary, this.ignoreEos, this.allow),
      endOfText: tokenizer.endOfText,
      from: from?.point,
      onEnd: save === undefined ? undefined : (point) => writeState(save, model, this.toSave(), point),
    });
  }

  /** Throws when called again: a text is generated once. */
  [Symbol.asyncIterator](): AsyncGenerator<Chunk, void, void> {
    // Its own iterator throws if there is one already.
    return this.chunks(this.generation[Symbol.asyncIterator]());
  }

  private async *chunks(tokens: AsyncIterable<number>): AsyncGenerator<Chunk, void, void> {
    const { generation, builder } = this;
    for await (const token of tokens) {
      yield builder.push(token, generation.logits);
      if (builder.stoppingWord !== null) return;
    }
    // A text that goes on later lets out then what it still holds back.
    if (this.options.save !== undefined && !this.ended) return;
    const rest = builder.flush();
    if (rest.bytes.length > 0) yield rest;
  }

  get result(): TextResult {
    const { generation, seed, prompt } = this;
    return this.builder.result(this.over ? 'eos' : generation.reason, {
      promptTokens: prompt.length,
      seed,
      timings: generation.timings,
    });
  }

  /** Bytes the mixer holds. */
  get mixerBytes(): number {
    return this.generation.mixerBytes;
  }

  /** Whether the model ended the text, in this run or before. */
  private get ended(): boolean {
    return this.over || this.generation.reason === 'eos';
  }

  private toSave(): Parameters<typeof writeState>[2] {
    const { seed, sampling, stop, ignoreEos, allow, ended, generation } = this;
    const held = ended ? new Uint8Array(0) : this.builder.held;
    const remaining = generation.count - generation.generated;
    return { seed, sampling, stop, ignoreEos, allow, remaining, ended, held };
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
  const bytes = Buffer.concat(point.ids.map((id) => tokenizer.bytes(id)));
  return bytes.toString('utf8', 0, Math.max(0, bytes.length - text.held.length));
}
