/** Many texts, several side by side. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { neverDrawn } from '../text/index.js';
import { abortable, MemoryError } from '../format/index.js';
import { Lanes, type StepTimings } from './lanes.js';
import { countWithin, lengthsOf, roomAfter, type Lengths } from './lengths.js';
import type { Loaded } from './load.js';
import { logprobsOf, type Logprobs } from './logprobs.js';
import { checkItem, checkManyOptions, type ComputeOptions } from './options.js';
import { readingFor } from './reading.js';
import { defaultSampling, Sampler, samplingOf } from './sampler.js';
import { Source } from './source.js';
import { TextBuilder, type StopType, type TextResult } from './text-builder.js';
import { promptIds, type TextShape } from './text.js';

/** A text to generate. */
export interface Item extends TextShape {
  /** Text or token ids; an empty text starts a new one. */
  readonly prompt: string | readonly number[];
  /** Texts of this prompt, which is computed once for those side by side; sample k has the seed `seed + k`. Default: 1. */
  readonly samples?: number | undefined;
}

/** What `generateMany` takes. */
export interface ManyOptions extends ComputeOptions {
  /** Texts side by side. Default: 8. */
  readonly lanes?: number | undefined;
}

/** Of one item, or what was wrong with it. */
export type ItemResult =
  | (TextResult & {
      readonly logprobs?: readonly Logprobs[];
      /** Of the prompt's tokens but the first, where `count` is 0 and `logprobs` is given. */
      readonly promptLogprobs?: readonly Logprobs[];
    })
  | Error;

/** Results wait for those before them; so many times the lanes, at most. */
const LOOK_AHEAD = 16;

/**
 * Generates a text, or as many samples as it asks for, for each item, `lanes` at a time: whenever one ends, the next takes its
 * place. Yields the results in the order of the items, each as soon as it and all before it are there. Items are taken only as
 * they are needed, and what is held does not grow with their number.
 *
 * An item that is wrong (an option out of range, a prompt too long) has an Error as its result, or one for each sample, and an
 * Error among the items is passed on as one. Where the items themselves fail, the texts under way are finished first.
 *
 * Each text is the one that `generate` gives for its prompt and seed, to the last bit of its log probabilities: mixing does
 * not depend on a lane's length, and ONNX Runtime's matrix kernels sum each row on its own, in the same order however many
 * there are.
 */
export function generateMany(
  loaded: Loaded,
  items: AsyncIterable<Item | Error> | Iterable<Item | Error>,
  options: ManyOptions = {},
): AsyncGenerator<ItemResult, void, void> {
  checkManyOptions(options);
  return new Run(loaded, new Source(items), options).results();
}

/** A text, ready to be begun. */
interface Draft {
  readonly prompt: readonly number[];
  readonly count: number;
  readonly lengths: Lengths;
  readonly seed: number;
  readonly sampler: Sampler;
  readonly builder: TextBuilder;
  readonly logprobs: Logprobs[] | undefined;
}

/** A text on its way, in a lane. */
interface Text extends Draft {
  readonly index: number;
  readonly started: number;
  /** The lanes' timings by then. */
  readonly before: Readonly<StepTimings>;
  /** When the prompt was through. */
  began: number;
}

/** Results that an item has, however wrong it is. */
function samplesOf(item: Item | Error): number {
  try {
    checkItem(item as Item);
    return (item as Item).samples ?? 1;
  } catch {
    return 1;
  }
}

class Run {
  private readonly width: number;
  /** Tokens never drawn, by what items ask for. */
  private readonly never = new Map<string, readonly number[]>();
  /** By lane. */
  private readonly texts: (Text | null)[];
  private lanes: Lanes | null = null;
  private readonly finished = new Map<number, ItemResult>();
  /** The samples of an item taken that are not yet begun. */
  private next: readonly Draft[] = [];
  /** Items taken, and results given. */
  private taken = 0;
  private given = 0;

  constructor(
    private readonly loaded: Loaded,
    private readonly source: Source<Item | Error>,
    private readonly options: ManyOptions,
  ) {
    this.width = options.lanes ?? 8;
    this.texts = new Array<Text | null>(this.width).fill(null);
  }

  async *results(): AsyncGenerator<ItemResult, void, void> {
    const { source, texts, finished, options } = this;
    try {
      for (;;) {
        if (options.signal?.aborted) {
          texts.forEach((text, lane) => text && this.finish(lane, text, 'interrupted'));
          yield* this.ready();
          return;
        }
        await this.fill();
        yield* this.ready();
        if (texts.some((text) => text !== null)) await this.step();
        else if (source.done && finished.size === 0) break;
        else await this.wait();
      }
      source.throwIfFailed();
    } finally {
      await this.lanes?.close();
      await source.close();
    }
  }

  /** Results whose turn it is. */
  private *ready(): Generator<ItemResult> {
    for (;;) {
      const result = this.finished.get(this.given);
      if (result === undefined) return;
      this.finished.delete(this.given++);
      yield result;
    }
  }

  /** For the next item; an abort ends the waiting. */
  private async wait(): Promise<void> {
    const { signal } = this.options;
    if (signal === undefined) return this.source.wait();
    const over = new AbortController();
    const aborted = once(signal, 'abort', { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.source.wait(), aborted]);
    over.abort();
  }

  /** Puts items into free lanes, as far as they are there. */
  private async fill(): Promise<void> {
    while (this.texts.includes(null) && this.taken < this.given + LOOK_AHEAD * this.width) {
      if (this.next.length === 0) {
        const found = this.source.take();
        if (found === null) return;
        this.next = this.prepared(found.item);
        if (this.next.length === 0) continue;
      }
      if (!(await this.place())) return;
    }
  }

  /** What an item asks for; nothing if it is wrong, which is then its result. */
  private prepared(item: Item | Error): Draft[] {
    try {
      if (item instanceof Error) throw item;
      return this.drafts(item);
    } catch (error) {
      this.fail(error, samplesOf(item));
      return [];
    }
  }

  private drafts(item: Item): Draft[] {
    checkItem(item);
    const { model, tokenizer } = this.loaded;
    const { seed = randomInt(2 ** 32), sampling, ignoreEos = false, allow, logprobs, samples = 1 } = item;
    const prompt = typeof item.prompt === 'string' ? promptIds(tokenizer, item.prompt) : item.prompt;
    if (prompt.length === 0) throw new RangeError('the prompt has no tokens');
    const count = countWithin(roomAfter(prompt.length, model), item.count, prompt.length);
    const lengths = lengthsOf(prompt.length, count, model.config.model.context, readingFor(model));
    const never = this.neverDrawn(ignoreEos, allow);
    return Array.from({ length: samples }, (_, k) => {
      const own = (seed + k) % 2 ** 32;
      return {
        prompt,
        count,
        lengths,
        seed: own,
        sampler: new Sampler(samplingOf(defaultSampling(tokenizer), sampling), own, {
          never,
          history: prompt,
        }),
        builder: new TextBuilder(tokenizer, item),
        logprobs: logprobs === undefined ? undefined : [],
      };
    });
  }

  private neverDrawn(endless: boolean, allow: string | undefined): readonly number[] {
    const key = JSON.stringify([endless, allow]);
    const { model, tokenizer } = this.loaded;
    const never = this.never.get(key) ?? neverDrawn(tokenizer, model.config.model.vocabulary, endless, allow);
    // What is in use is asked for again and again; a file of many kinds is not to be remembered.
    if (this.never.size > this.width) this.never.clear();
    this.never.set(key, never);
    return never;
  }

  /** So many samples of the item taken last are its own failure's, not the run's. */
  private fail(error: unknown, samples: number): void {
    const failure = error instanceof Error ? error : new Error(String(error));
    for (let k = 0; k < samples; k++) this.finished.set(this.taken++, failure);
  }

  /**
   * Begins as many of the next samples as there are lanes, all with one computation of their prompt. Returns false if they have
   * to wait: for lanes, or for all of these to be empty, as they need longer ones.
   */
  private async place(): Promise<boolean> {
    const { next, texts } = this;
    const free = texts.filter((text) => text === null).length;
    const together = Math.min(next.length, this.width);
    if (free < together) return false;
    try {
      if (next[0].count === 0) {
        for (const draft of next) this.finished.set(this.taken++, await this.readOnly(draft));
        this.next = [];
        return true;
      }
      const { positions } = next[0].lengths;
      if (this.lanes === null || this.lanes.length < positions) {
        if (free < this.width) return false;
        await this.reopen(positions);
      }
      await this.begin(next.slice(0, together), this.lanes!);
      this.next = next.slice(together);
    } catch (error) {
      if (this.options.signal?.aborted) return false;
      // A token that the model does not have, or a length that does not fit the machine. All else is the run's.
      if (!(error instanceof RangeError || error instanceof MemoryError)) throw error;
      this.next = [];
      this.fail(error, next.length);
    }
    return true;
  }

  /** What there is to say of a prompt that nothing is to follow. */
  private async readOnly({ prompt, seed, builder, logprobs }: Draft): Promise<ItemResult> {
    const { model } = this.loaded;
    const { vocabulary } = model.config.model;
    const began = performance.now();
    if (logprobs !== undefined && prompt.length > 1) {
      const top = builder.topLogprobs ?? 0;
      for await (const { start, rows, logits } of model.logits(prompt, { signal: this.options.signal })) {
        for (let row = 0; row < Math.min(rows, prompt.length - 1 - start); row++) {
          const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
          logprobs.push(logprobsOf(own, prompt[start + row + 1], top));
        }
      }
    }
    const timings = { prompt: performance.now() - began, steps: 0, mixing: 0, predicted: 0 };
    const result = builder.result('limit', { promptTokens: prompt.length, seed, timings });
    return { ...result, ...(logprobs && { promptLogprobs: logprobs }) };
  }

  /** Lanes of as many positions, and with some to spare, as the next text may be longer. */
  private async reopen(positions: number): Promise<void> {
    const { model } = this.loaded;
    await this.lanes?.close();
    this.lanes = null;
    const length = Math.min(model.config.model.context, 2 ** Math.ceil(Math.log2(Math.max(2, positions))));
    const { threads = 1, memory } = this.options;
    // One of the threads is ONNX Runtime's, which spins between steps; the mixer gets the others.
    const mixing = Math.max(1, threads - 1);
    this.lanes = await Lanes.open(model, { count: this.width, length, threads: mixing, memory });
  }

  private async begin(drafts: readonly Draft[], lanes: Lanes): Promise<void> {
    const vacant = this.texts.flatMap((text, lane) => (text === null ? [lane] : []));
    const own = vacant.slice(0, drafts.length);
    const started = performance.now();
    const before = { ...lanes.timings };
    const onProgress = abortable(this.options.signal);
    const { prompt, lengths } = drafts[0];
    const logits = await lanes.begin(own, prompt, { ...lengths, onProgress });
    own.forEach((lane, k) => {
      const text: Text = { ...drafts[k], index: this.taken++, started, before, began: NaN };
      this.texts[lane] = text;
      if (logits !== null) this.draw(lane, text, logits);
    });
  }

  /** One token more of every text. */
  private async step(): Promise<void> {
    const { vocabulary } = this.loaded.model.config.model;
    const lanes = this.lanes!;
    const logits = await lanes.step();
    this.texts.forEach((text, lane) => {
      if (text === null || lanes.reading(lane) > 0) return;
      this.draw(lane, text, logits.subarray(lane * vocabulary, (lane + 1) * vocabulary));
    });
  }

  private draw(lane: number, text: Text, logits: Float32Array): void {
    const { sampler, builder, count } = text;
    if (Number.isNaN(text.began)) text.began = performance.now();
    let token: number;
    try {
      token = sampler.sample(logits);
    } catch (error) {
      return this.leave(lane, text, error as Error);
    }
    if (token === this.loaded.tokenizer.endOfText) return this.finish(lane, text, 'eos');
    const { logprobs } = builder.push(token, logits);
    if (logprobs) text.logprobs?.push(logprobs);
    if (builder.stoppingWord !== null) return this.finish(lane, text, 'word');
    if (builder.tokens.length === count) return this.finish(lane, text, 'limit');
    this.lanes!.feed(lane, token);
  }

  private finish(lane: number, text: Text, reason: StopType): void {
    const { builder, prompt, seed, started, before, logprobs } = text;
    builder.flush();
    const now = performance.now();
    const began = Number.isNaN(text.began) ? now : text.began;
    // Steps and mixing are shared with the texts beside it: these are all lanes' together.
    const timings = { prompt: began - started, ...this.lanes!.since(before), predicted: now - began };
    const result = builder.result(reason, { promptTokens: prompt.length, seed, timings });
    this.leave(lane, text, { ...result, ...(logprobs && { logprobs }) });
  }

  private leave(lane: number, text: Text, result: ItemResult): void {
    this.finished.set(text.index, result);
    this.texts[lane] = null;
    this.lanes!.retire(lane);
  }
}
