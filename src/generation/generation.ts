import type { LanguageModel, Progress } from '../model/index.js';
import { Lanes, type StepTimings } from './lanes.js';
import { countWithin, lengthsOf, roomAfter, roomFrom } from './lengths.js';
import type { ComputeOptions, MixingChoice } from './options.js';
import type { Point, SavedPoint } from './point.js';
import { readingFor } from './reading.js';
import { Sampler, samplingOf, type Sampling } from './sampler.js';

export interface GenerationOptions extends ComputeOptions, MixingChoice {
  /** Most tokens to generate (K); -1: until the context is full. Default: 256, or what there is room for. */
  readonly count?: number | undefined;
  /** The same seed gives the same text. */
  readonly seed: number;
  /** What it leaves out is as in `DEFAULT_SAMPLING`. */
  readonly sampling?: Partial<Sampling> | undefined;
  /** Tokens to have room for, so that a run that goes on from this one can generate more than `count`. Default: `count`. */
  readonly room?: number | undefined;
  /** A token that ends the text when drawn; it is not yielded. Default: none does. */
  readonly endOfText?: number | null | undefined;
  /** Tokens never drawn: see `neverDrawn`. Default: none. */
  readonly never?: readonly number[] | undefined;
  readonly onPrefill?: Progress | undefined;
  /** Go on from here. The prompt is then the point's, and so are mixer, plan and room. */
  readonly from?: SavedPoint | undefined;
  /** Receives the last point between two tokens, if there was one, however the run ends but by an error. */
  readonly onEnd?: ((point: Point) => void) | undefined;
}

/** Why the tokens end: the model's end of text, the count, or a signal. */
export type StopReason = 'eos' | 'limit' | 'interrupted';

/** Milliseconds spent, and what for. Of texts side by side, steps and mixing are those of all while this one was there. */
export interface Timings extends StepTimings {
  /** The prompt: dense layers, offline convolutions, the mixer's set-up. */
  prompt: number;
  /** From the first token to the last, everything included. */
  predicted: number;
}

/** The tokens of one text: a lane alone, whose filters grow with it. Iterating yields token ids as they are drawn. */
export class Generation implements AsyncIterable<number> {
  readonly timings: Timings = { prompt: 0, steps: 0, mixing: 0, predicted: 0 };
  /** Tokens drawn so far, by this run. */
  generated = 0;
  /** Why it ended; while it runs, why it would end by itself. */
  reason: StopReason = 'limit';
  /** Bytes the mixer holds. */
  mixerBytes = 0;
  /** Until the mixer was there, with the filters it begins with, ms. */
  setupMs = 0;
  /** What the last token was drawn from, `[vocabulary]`. Overwritten by the next. */
  logits: Float32Array = new Float32Array(0);
  /** Most tokens it will draw. */
  readonly count: number;
  private begun = false;
  /** Tokens there is room for. */
  private readonly room: number;
  /** What there is before it begins. */
  private readonly ids: readonly number[];

  /** Throws a RangeError where there is no room. */
  constructor(
    private readonly model: LanguageModel,
    prompt: readonly number[],
    private readonly options: GenerationOptions,
  ) {
    const { from, count, room } = options;
    this.ids = [...(from?.ids ?? prompt)];
    const before = this.ids.length;
    if (before === 0) throw new RangeError('the prompt has no tokens');
    const most = from ? roomFrom(from) : roomAfter(before, model);
    this.count = countWithin(most, count, before);
    this.room = from ? this.count : Math.max(this.count, countWithin(most, room ?? this.count, before));
  }

  [Symbol.asyncIterator](): AsyncGenerator<number, void, void> {
    if (this.begun) throw new Error('a text can be iterated once');
    this.begun = true;
    return this.tokens();
  }

  private async *tokens(): AsyncGenerator<number, void, void> {
    const { timings, options, ids, count } = this;
    const { seed, sampling, endOfText, never = [], signal, from, onEnd } = options;
    const began = performance.now();
    const sampler = new Sampler(samplingOf(sampling), seed, {
      never,
      history: ids,
      ...(from && { random: from.random }),
    });
    let lanes: Lanes | undefined;
    // Of its final size: to grow an array of a hundred thousand numbers takes ms.
    const text = new Uint32Array(count);
    let drawn = 0;
    /** Whether the mixer and the model are at the same token. */
    let between = false;
    try {
      signal?.throwIfAborted();
      lanes = await this.open();
      this.setupMs = performance.now() - began;
      // Going on, the last token is still to go through the model: there are no logits yet.
      let logits = from ? null : await this.read(lanes);
      if (from) lanes.resume(from);
      between = from !== undefined;
      const first = performance.now();
      // Steps that read the prompt are the prompt's.
      const read = { ...lanes.timings };
      timings.prompt = first - began;
      while (this.generated < count) {
        if (signal?.aborted) {
          this.reason = 'interrupted';
          return;
        }
        if (logits === null) {
          between = false;
          lanes.feed(0, drawn > 0 ? text[drawn - 1] : ids[ids.length - 1]);
          logits = await lanes.step();
          Object.assign(timings, lanes.since(read));
        }
        const token = sampler.sample(logits);
        text[drawn++] = token;
        this.logits = logits;
        logits = null;
        between = true;
        timings.predicted = performance.now() - first;
        if (token === endOfText) {
          this.reason = 'eos';
          return;
        }
        this.generated++;
        yield token;
      }
    } catch (error) {
      between = false;
      if (!signal?.aborted || error !== signal.reason) throw error;
      this.reason = 'interrupted';
    } finally {
      try {
        if (onEnd && lanes && between) {
          onEnd({
            ids: [...ids, ...text.subarray(0, drawn)],
            prompt: from?.prompt ?? ids.length,
            random: sampler.random,
            ...lanes.save(),
          });
        }
      } finally {
        await lanes?.close();
      }
    }
  }

  private async open(): Promise<Lanes> {
    const { model, ids, options } = this;
    const { threads, memory, from, mixer, plan } = options;
    const lanes = await Lanes.open(model, {
      count: 1,
      length: from?.mixer.shape.length ?? this.lengths().positions,
      threads,
      memory,
      mixer: from?.mixer.name ?? mixer,
      plan: from?.mixer.plan ?? plan,
      growFrom: from?.mixer.position ?? (this.lengths().reading === 'fill' ? ids.length : 0),
      onProgress: from && this.onProgress,
    });
    this.mixerBytes = lanes.bytes;
    return lanes;
  }

  /** For a plan that is given the prompt is read offline, so that it takes no position of it. */
  private lengths(): ReturnType<typeof lengthsOf> {
    const { model, ids, room, options } = this;
    const reading = readingFor(model) ?? (options.plan && 'offline');
    return lengthsOf(ids.length, room, model.config.model.context, reading);
  }

  /** The prompt. Returns the logits after it. */
  private async read(lanes: Lanes): Promise<Float32Array | null> {
    const { ids, onProgress } = this;
    let logits = await lanes.begin([0], ids, { ...this.lengths(), onProgress });
    if (logits !== null) return logits;
    while (lanes.reading(0) > 0) {
      onProgress(ids.length - lanes.reading(0), ids.length);
      logits = await lanes.step();
    }
    onProgress(ids.length, ids.length);
    return logits;
  }

  private readonly onProgress: Progress = (done, total) => {
    const { signal, onPrefill } = this.options;
    signal?.throwIfAborted();
    onPrefill?.(done, total);
  };
}
