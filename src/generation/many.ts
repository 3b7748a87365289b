/** Many texts, several side by side. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { neverDrawn, TextError } from '../text/index.js';
import { Assembly, type Chunk } from './text-builder.js';
import { MemoryError, roomAfter, type Timings } from './generation.js';
import { Lanes } from './lanes.js';
import type { Loaded } from './load.js';
import type { Logprobs } from './logprobs.js';
import { positionsOf } from './reading.js';
import { DEFAULT_SAMPLING, Sampler } from './sampler.js';
import type { StepTimings } from './step.js';
import { promptIds, type StopType, type TextResult, type TextShape } from './text.js';

/** A text to generate; `count` -1: until the context is full. */
export interface Item extends TextShape {
  readonly prompt: string | readonly number[];
}

export interface ManyOptions {
  /** Texts side by side. Default: 8. */
  readonly lanes?: number;
  /** Default: 1. */
  readonly threads?: number;
  /** Bytes their mixer may hold: of flat plans, the fastest that fits is taken. Default: any. */
  readonly memory?: number;
  /** Ends all texts before their next token. */
  readonly signal?: AbortSignal;
}

/** Of one item, or what was wrong with it. */
export type ItemResult = (TextResult & { readonly logprobs?: readonly Logprobs[] }) | Error;

/** Results wait for those before them; so many times the lanes, at most. */
const LOOK_AHEAD = 16;
const DEFAULT_COUNT = 256;

/**
 * Generates a text for each item, `lanes` at a time: whenever one ends, the next item takes its place. Yields the results
 * in the order of the items, each as soon as it and all before it are there. Items are taken only as they are needed,
 * and what is held does not grow with their number. An Error among the items is passed on as its result.
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
  return new Run(loaded, items, options).results();
}

/** What is left of the items, one of them fetched ahead. */
class Source {
  private readonly iterator: AsyncIterator<Item | Error> | Iterator<Item | Error>;
  private next: { readonly item: Item | Error } | null = null;
  private fetching: Promise<void> | null = null;
  done = false;
  private failure: Error | undefined;

  constructor(items: AsyncIterable<Item | Error> | Iterable<Item | Error>) {
    this.iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** The next item, without taking it; null if it is not there yet, or none is left. */
  peek(): Item | Error | null {
    if (this.next === null && !this.done) this.fetching ??= this.fetch();
    if (this.failure !== undefined) throw this.failure;
    return this.next?.item ?? null;
  }

  /** Waits until there is an item, or none is left. */
  async wait(): Promise<void> {
    this.peek();
    await this.fetching;
  }

  take(): void {
    this.next = null;
  }

  private async fetch(): Promise<void> {
    try {
      const result = await this.iterator.next();
      if (result.done === true) this.done = true;
      else this.next = { item: result.value };
    } catch (error) {
      this.failure = error as Error;
      this.done = true;
    }
    this.fetching = null;
  }

  /** Lets go of where the items come from. */
  async close(): Promise<void> {
    if (!this.done) await this.iterator.return?.();
  }
}

/** A text on its way, in a lane. */
interface Text {
  readonly index: number;
  readonly seed: number;
  readonly promptTokens: number;
  readonly count: number;
  readonly endOfText: number | null;
  readonly sampler: Sampler;
  readonly assembly: Assembly;
  readonly logprobs: Logprobs[] | undefined;
  readonly started: number;
  /** The lanes' timings by then. */
  readonly before: Readonly<StepTimings>;
  /** When the prompt was through. */
  began: number;
}

class Run {
  private readonly source: Source;
  private readonly lanes: number;
  private readonly never: readonly number[];
  /** By lane. */
  private readonly texts: (Text | null)[];
  private engine: Lanes | null = null;
  private readonly finished = new Map<number, ItemResult>();
  /** Items taken, and results given. */
  private taken = 0;
  private given = 0;

  constructor(
    private readonly loaded: Loaded,
    items: AsyncIterable<Item | Error> | Iterable<Item | Error>,
    private readonly options: ManyOptions,
  ) {
    this.lanes = options.lanes ?? 8;
    this.source = new Source(items);
    this.texts = new Array<Text | null>(this.lanes).fill(null);
    const { model, tokenizer } = loaded;
    this.never = neverDrawn(tokenizer, model.config.model.vocabulary);
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
        else if (source.done && finished.size === 0) return;
        else await this.wait();
      }
    } finally {
      await this.engine?.close();
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
    const { source } = this;
    while (this.texts.includes(null) && this.taken < this.given + LOOK_AHEAD * this.lanes) {
      const item = source.peek();
      if (item === null) return;
      if (!(await this.place(item))) return;
      source.take();
      this.taken++;
    }
  }

  /** Starts an item. Returns false if it has to wait for the lanes to be empty, as it needs longer ones. */
  private async place(item: Item | Error): Promise<boolean> {
    const index = this.taken;
    try {
      if (item instanceof Error) throw item;
      const ids =
        typeof item.prompt === 'string' ? promptIds(this.loaded.tokenizer, item.prompt) : item.prompt;
      const count = this.countOf(item, ids.length);
      const needed = positionsOf(ids.length, Math.max(1, count - 1));
      if (this.engine === null || this.engine.length < needed) {
        if (this.texts.some((text) => text !== null)) return false;
        await this.reopen(needed);
      }
      await this.begin(index, item, ids, count);
    } catch (error) {
      if (this.options.signal?.aborted) return false;
      // A text that cannot be spelt, lengths that do not fit: the item's own. All else is the run's.
      const own =
        error === item || [TextError, RangeError, MemoryError].some((kind) => error instanceof kind);
      if (!own) throw error;
      this.finished.set(index, error as Error);
    }
    return true;
  }

  private countOf({ count }: Item, prompt: number): number {
    const room = roomAfter(prompt, this.loaded.model);
    if (room === 0) throw new RangeError(`the prompt has ${prompt} tokens: the context has no room for more`);
    if (count !== undefined && count > room) {
      throw new RangeError(`after ${prompt} prompt tokens there is room for ${room}, not ${count}`);
    }
    return count === -1 ? room : (count ?? Math.min(DEFAULT_COUNT, room));
  }

  /** Lanes of as many positions, and with some to spare, as the next text may be longer. */
  private async reopen(needed: number): Promise<void> {
    const { model } = this.loaded;
    await this.engine?.close();
    this.engine = null;
    const length = Math.min(model.config.model.context, 2 ** Math.ceil(Math.log2(Math.max(2, needed))));
    const { threads = 1, memory } = this.options;
    // One of them waits for the next step of the model, spinning: it is not there to mix.
    const mixing = Math.max(1, threads - 1);
    this.engine = await Lanes.open(model, this.lanes, length, { threads: mixing, memory });
  }

  private async begin(index: number, item: Item, ids: readonly number[], count: number): Promise<void> {
    const { tokenizer } = this.loaded;
    const { seed = randomInt(2 ** 32), sampling, ignoreEos = false, logprobs } = item;
    const lane = this.texts.indexOf(null);
    const assembly = new Assembly(tokenizer, item);
    const sampler = new Sampler({ ...DEFAULT_SAMPLING, ...sampling }, seed, {
      never: this.never,
      history: ids,
    });
    const started = performance.now();
    const logits = await this.engine!.begin(lane, ids, Math.max(1, count - 1), this.options.signal);
    const text: Text = {
      index,
      seed,
      promptTokens: ids.length,
      count,
      endOfText: ignoreEos ? null : tokenizer.endOfText,
      sampler,
      assembly,
      logprobs: logprobs === undefined ? undefined : [],
      started,
      before: { ...this.engine!.timings },
      began: NaN,
    };
    this.texts[lane] = text;
    if (logits !== null) this.draw(lane, text, logits);
  }

  /** One token more of every text. */
  private async step(): Promise<void> {
    const { vocabulary } = this.loaded.model.config.model;
    const logits = await this.engine!.step();
    this.texts.forEach((text, lane) => {
      if (text === null || this.engine!.reading(lane)) return;
      this.draw(lane, text, logits.subarray(lane * vocabulary, (lane + 1) * vocabulary));
    });
  }

  private draw(lane: number, text: Text, logits: Float32Array): void {
    const { sampler, assembly, endOfText, count } = text;
    if (Number.isNaN(text.began)) text.began = performance.now();
    const token = sampler.sample(logits);
    if (token === endOfText) return this.finish(lane, text, 'eos');
    const chunk: Chunk = assembly.push(token, logits);
    if (chunk.logprobs) text.logprobs?.push(chunk.logprobs);
    if (assembly.stoppingWord !== null) return this.finish(lane, text, 'word');
    if (assembly.tokens.length === count) return this.finish(lane, text, 'limit');
    this.engine!.feed(lane, token);
  }

  private finish(lane: number, text: Text, stopType: StopType): void {
    const { assembly, promptTokens, seed, started, before, logprobs } = text;
    assembly.flush();
    const now = performance.now();
    const began = Number.isNaN(text.began) ? now : text.began;
    // Steps and mixing are shared with the texts beside it: these are all lanes' together.
    const { steps, mixing } = this.engine!.timings;
    const timings: Timings = {
      prompt: began - started,
      steps: steps - before.steps,
      mixing: mixing - before.mixing,
      predicted: now - began,
    };
    const { tokens, stoppingWord } = assembly;
    this.finished.set(text.index, {
      text: assembly.text,
      tokens,
      stopType,
      stoppingWord,
      promptTokens,
      seed,
      timings,
      ...(logprobs && { logprobs }),
    });
    this.texts[lane] = null;
    this.engine!.retire(lane);
  }
}
