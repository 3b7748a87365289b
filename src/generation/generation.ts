import {
  bytesNeeded,
  createMixer,
  fittingPlan,
  flatPlan,
  flatPlans,
  type Mixer,
  type MixerName,
  type MixerShape,
  type Plan,
} from '../mixer/index.js';
import type { LanguageModel, Progress } from '../model/index.js';
import { GrowingFilters } from './growing-filters.js';
import { positionsOf, readingOf, type Reading } from './reading.js';
import { DEFAULT_SAMPLING, Sampler, type Sampling } from './sampler.js';
import { step, type Running, type StepTimings } from './step.js';

export interface GenerationOptions {
  /** Most tokens to generate (K), at least 1. */
  readonly count: number;
  /** The same seed gives the same text. */
  readonly seed: number;
  /** What it leaves out is as in `DEFAULT_SAMPLING`. */
  readonly sampling?: Partial<Sampling>;
  /** Default: tiled. */
  readonly mixer?: MixerName;
  /** Default: `flatPlan`, under which no token waits for a large tile. */
  readonly plan?: Plan;
  /** Bytes the mixer may hold: of flat plans, the fastest that fits is taken. Default: any. */
  readonly memory?: number;
  /** Default: 1. */
  readonly threads?: number;
  /** Tokens to have room for, so that a run that goes on from this one can generate more than `count`. Default: `count`. */
  readonly room?: number;
  /** A token that ends the text when drawn; it is not yielded. Default: none does. */
  readonly endOfText?: number | null;
  /** Tokens never drawn: see `neverDrawn`. Default: none. */
  readonly never?: readonly number[];
  /** Ends the generation before its next token. */
  readonly signal?: AbortSignal;
  readonly onPrefill?: Progress;
  /** Go on from here. The prompt is then the point's, and so are mixer, plan and room. */
  readonly from?: SavedPoint;
  /** Receives the last point between two tokens, if there was one, however the run ends but by an error. */
  readonly onEnd?: (point: Point) => void;
}

export type StopReason = 'eos' | 'limit' | 'interrupted';

/** Milliseconds spent, and what for. Of texts side by side, steps and mixing are those of all while this one was there. */
export interface Timings extends StepTimings {
  /** The prompt: dense layers, offline convolutions, the mixer's set-up. */
  prompt: number;
  /** From the first token to the last, everything included. */
  predicted: number;
}

/** A run between two tokens, filters aside: a run that goes on from it draws bit-exactly what this one would have. */
interface PointFacts {
  /** Prompt and text; the last one was drawn, and has not been through the model yet. */
  readonly ids: readonly number[];
  /** How many of them are the prompt. */
  readonly prompt: number;
  /** The state of the sampler's generator. */
  readonly random: readonly number[];
  /** What the model carries from token to token: `StepState.arrays`. */
  readonly state: readonly Float32Array[];
  readonly mixer: {
    readonly name: MixerName;
    readonly shape: MixerShape;
    readonly plan: Plan;
    readonly position: number;
  };
}

export interface Point extends PointFacts {
  /** The mixer's arrays: views, to be read before the generation ends. */
  readonly arrays: readonly Float32Array[];
}

export interface SavedPoint extends PointFacts {
  /** Overwrites a mixer's arrays with the ones saved. */
  readonly restore: (arrays: readonly Float32Array[]) => void;
}

/** Refused before anything was allocated. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
}

/** What the loop starts from. */
interface Start extends Running {
  /** After the prompt, `[vocabulary]`; null where the last token is still to go through the model. */
  readonly logits: Float32Array | null;
}

/**
 * One text. Iterating yields token ids as they are drawn:
 *
 *     read the prompt -> loop: draw a token; pending sums -> one step of the model -> its inputs to the mixer
 *
 * How it is read, see `Reading`; mixers other than the tiled one, and plans that are given, always get it offline.
 */
export class Generation implements AsyncIterable<number> {
  readonly timings: Timings = { prompt: 0, steps: 0, mixing: 0, predicted: 0 };
  /** Tokens drawn so far, by this run. */
  generated = 0;
  /** Why it ended; while it runs, why it would end by itself. */
  reason: StopReason = 'limit';
  /** Bytes the mixer holds. */
  mixerBytes = 0;
  /** What the last token was drawn from, `[vocabulary]`. Overwritten by the next. */
  logits: Float32Array = new Float32Array(0);
  /** What there is before it begins. */
  private readonly ids: readonly number[];
  private readonly shape: MixerShape;
  private readonly reading: Reading;

  constructor(
    private readonly model: LanguageModel,
    private readonly prompt: readonly number[],
    private readonly options: GenerationOptions,
  ) {
    const { from, count, room = count, mixer = 'tiled', plan } = options;
    this.ids = [...(from?.ids ?? prompt)];
    if (prompt.length === 0) throw new RangeError('the prompt has no tokens');
    const most = from === undefined ? roomAfter(prompt.length, model) : roomFrom(from);
    if (Math.max(count, from === undefined ? room : 0) > most) {
      throw new RangeError(`after ${this.ids.length} tokens there is room for ${most}, not ${count}`);
    }
    const { length, ...rest } = mixerShape(model, Math.max(count, room));
    const free = mixer === 'tiled' && plan === undefined;
    this.reading = free ? readingOf(prompt.length, length) : 'offline';
    this.shape = from?.mixer.shape ?? { ...rest, length: free ? positionsOf(prompt.length, length) : length };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number, void, void> {
    const { timings, options, ids, shape } = this;
    const { count, seed, sampling, endOfText, never = [], signal, from, onEnd } = options;
    const began = performance.now();
    const sampler = new Sampler({ ...DEFAULT_SAMPLING, ...sampling }, seed, {
      never,
      history: ids,
      ...(from && { random: from.random }),
    });
    const start = await this.start().catch((error: unknown) => {
      if (signal?.aborted && error === signal.reason) return null;
      throw error;
    });
    if (start === null) {
      this.reason = 'interrupted';
      return;
    }
    const { mixer, state } = start;
    let { logits } = start;
    // Of its final size: to grow an array of a hundred thousand numbers takes ms.
    const text = new Uint32Array(count);
    let drawn = 0;
    /** Whether the mixer and the model are at the same token. */
    let between = logits === null;
    try {
      const first = performance.now();
      // Steps that read the prompt included.
      timings.prompt = first - began;
      timings.steps = timings.mixing = 0;
      while (this.generated < count) {
        if (signal?.aborted) {
          this.reason = 'interrupted';
          return;
        }
        if (logits === null) {
          between = false;
          logits = await this.feed(start, drawn > 0 ? text[drawn - 1] : ids[ids.length - 1]);
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
    } finally {
      if (onEnd && between) {
        const { name, plan, position } = mixer;
        onEnd({
          ids: [...ids, ...text.subarray(0, drawn)],
          prompt: from?.prompt ?? this.prompt.length,
          random: sampler.random,
          state: state.save(),
          mixer: { name, shape, plan, position },
          arrays: mixer.state(),
        });
      }
      await mixer.close();
    }
  }

  private async start(): Promise<Start> {
    const { model, shape, ids, reading } = this;
    const { threads = 1, signal, onPrefill, from } = this.options;
    const name = from?.mixer.name ?? this.options.mixer ?? 'tiled';
    const candidates = from?.mixer.plan ?? this.options.plan ?? flatPlans(shape.length);
    signal?.throwIfAborted();
    const plan = fittingPlan({
      name,
      shape,
      threads,
      plan: candidates,
      memory: this.options.memory ?? Infinity,
    });
    this.mixerBytes = checkMemory(shape, name, threads, plan);
    const mixer = await createMixer({ name, shape, threads, plan });
    const filters = new GrowingFilters(model, mixer);
    const onProgress: Progress = (done, total) => {
      signal?.throwIfAborted();
      onPrefill?.(done, total);
    };
    try {
      if (from !== undefined) return await this.resume(mixer, filters, from, onProgress);
      const filled = reading === 'fill';
      for (let layer = 0; layer < shape.layers; layer++) await filters.start(layer, filled ? ids.length : 0);
      if (reading === 'steps') {
        const running = { mixer, filters, state: model.start() };
        let logits: Float32Array | null = null;
        for (const [k, id] of ids.entries()) {
          onProgress(k, ids.length);
          logits = await this.feed(running, id);
        }
        onProgress(ids.length, ids.length);
        return { ...running, logits };
      }
      const { state, logits } = await model.prefill(ids, filled ? 0 : shape.length, {
        onProgress,
        onLayer: (layer, { inputs, pending }) => {
          if (filled) mixer.fill(layer, inputs);
          else mixer.addPending(layer, pending);
        },
      });
      if (filled) mixer.resume(ids.length);
      return { mixer, filters, state, logits };
    } catch (error) {
      await mixer.close();
      throw error;
    }
  }

  /** One token: see `step`. */
  private feed(running: Running, id: number): Promise<Float32Array> {
    return step(this.model, running, id, this.timings);
  }

  private async resume(
    mixer: Mixer,
    filters: GrowingFilters,
    from: SavedPoint,
    onProgress: Progress,
  ): Promise<Start> {
    const { layers } = this.shape;
    for (let layer = 0; layer < layers; layer++) {
      onProgress(layer, layers);
      await filters.start(layer, from.mixer.position);
    }
    from.restore(mixer.state());
    mixer.resume(from.mixer.position);
    const state = this.model.start();
    state.restore(from.state);
    onProgress(layers, layers);
    return { mixer, filters, state, logits: null };
  }
}

/** Most tokens that can still be drawn from a saved point. */
export function roomFrom({ mixer }: Pick<SavedPoint, 'mixer'>): number {
  return mixer.shape.length - mixer.position;
}

/** Most tokens that can follow a prompt. The last one drawn is never fed back, so it takes no position. */
export function roomAfter(prompt: number, model: LanguageModel): number {
  return Math.max(0, model.config.model.context + 1 - prompt);
}

/** The mixer that generating `count` tokens takes: one position per step, `count - 1` of them. */
export function mixerShape(model: LanguageModel, count: number): MixerShape {
  return { layers: model.mixers, width: model.config.model.width, length: Math.max(1, count - 1) };
}

/** The bytes a mixer will hold. Throws a MemoryError if the machine has not that much to give. */
export function checkMemory(
  shape: MixerShape,
  mixer: MixerName,
  threads: number,
  plan = flatPlan(shape.length),
): number {
  const bytes = bytesNeeded(shape, mixer, plan, threads);
  const available = process.availableMemory();
  if (bytes > available) {
    throw new MemoryError(
      `the ${mixer} mixer needs ${gibibytes(bytes)} for ${shape.length} positions of ` +
        `${shape.layers} x ${shape.width} channels, and ${gibibytes(available)} are free`,
    );
  }
  return bytes;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
