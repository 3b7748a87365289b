import {
  bytesNeeded,
  createMixer,
  flatPlan,
  type MixerName,
  type MixerShape,
  type Plan,
} from '../mixer/index.js';
import type { HyenaModel, Progress } from '../model/index.js';
import { createSampler, DEFAULT_SAMPLING, type Sampling } from './sampler.js';

export interface GenerationOptions {
  /** Most tokens to generate (K), at least 1. */
  readonly count: number;
  /** The same seed gives the same text. */
  readonly seed: number;
  /** Default: `DEFAULT_SAMPLING`. */
  readonly sampling?: Sampling;
  /** Default: tiled. */
  readonly mixer?: MixerName;
  /** Default: `flatPlan`, under which no token waits for a large tile. */
  readonly plan?: Plan;
  /** Default: 1. */
  readonly threads?: number;
  /** A token that ends the text when drawn; it is not yielded. Default: none does. */
  readonly endOfText?: number | null;
  /** Tokens never drawn: see `neverDrawn`. Default: none. */
  readonly never?: readonly number[];
  /** Ends the generation before its next token. */
  readonly signal?: AbortSignal;
  readonly onPrefill?: Progress;
}

export type StopReason = 'eos' | 'limit' | 'interrupted';

/** Milliseconds spent, and what for. */
export interface Timings {
  /** The prompt: dense layers, offline convolutions, the mixer's set-up. */
  prompt: number;
  /** The model's steps. */
  steps: number;
  /** Reading pending sums, and the tiles. */
  mixing: number;
  /** From the first token to the last, everything included. */
  predicted: number;
}

/** Refused before anything was allocated. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
}

/**
 * One text. Iterating yields token ids as they are drawn:
 *
 *     prefill -> loop: draw a token; pending sums -> one step of the model -> its inputs to the mixer
 *
 * The prompt is convolved offline and forgotten. What it adds to the K positions to come starts them as
 * pending sums, and they are a fresh online convolution from position 0.
 */
export class Generation implements AsyncIterable<number> {
  readonly timings: Timings = { prompt: 0, steps: 0, mixing: 0, predicted: 0 };
  /** Tokens drawn so far. */
  generated = 0;
  /** Why it ended; while it runs, why it would end by itself. */
  reason: StopReason = 'limit';
  /** Bytes the mixer holds. */
  mixerBytes = 0;

  constructor(
    private readonly model: HyenaModel,
    private readonly prompt: readonly number[],
    private readonly options: GenerationOptions,
  ) {
    if (prompt.length === 0) throw new RangeError('the prompt has no tokens');
    const room = roomAfter(prompt.length, model);
    if (options.count > room) {
      throw new RangeError(
        `after ${prompt.length} prompt tokens there is room for ${room}, not ${options.count}`,
      );
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number, void, void> {
    const { model, timings } = this;
    const {
      count,
      seed,
      sampling,
      mixer: name = 'tiled',
      threads = 1,
      endOfText,
      never,
      signal,
      onPrefill,
    } = this.options;
    const sampler = createSampler(sampling ?? DEFAULT_SAMPLING, seed, never);
    const shape = mixerShape(model, count);
    const { plan = flatPlan(shape.length) } = this.options;
    const began = performance.now();
    this.mixerBytes = checkMemory(shape, name, threads, plan);
    const mixer = await createMixer({ name, shape, threads, plan });
    try {
      const start = await model.prefill(this.prompt, shape.length, {
        ...(onPrefill && { onProgress: onPrefill }),
        onLayer: (layer, { taps, pending }) => {
          mixer.setFilter(layer, taps);
          mixer.addPending(layer, pending);
        },
      });
      const first = performance.now();
      timings.prompt = first - began;
      let { logits } = start;
      const pending = new Float32Array(shape.layers * shape.width);
      for (;;) {
        if (signal?.aborted) {
          this.reason = 'interrupted';
          return;
        }
        const token = sampler.sample(logits);
        timings.predicted = performance.now() - first;
        if (token === endOfText) {
          this.reason = 'eos';
          return;
        }
        this.generated++;
        yield token;
        if (this.generated === count) return;

        const mixing = performance.now();
        mixer.pending(pending);
        const stepping = performance.now();
        const result = await model.step(start.state, token, pending);
        const stepped = performance.now();
        mixer.push(result.y);
        timings.steps += stepped - stepping;
        timings.mixing += performance.now() - stepped + (stepping - mixing);
        logits = result.logits;
      }
    } finally {
      await mixer.close();
    }
  }
}

/** Most tokens that can follow a prompt. The last one drawn is never fed back, so it takes no position. */
export function roomAfter(prompt: number, model: HyenaModel): number {
  return Math.max(0, model.config.model.context + 1 - prompt);
}

/** The mixer that generating `count` tokens takes: one position per step, `count - 1` of them. */
export function mixerShape(model: HyenaModel, count: number): MixerShape {
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
