import { createMixer, fittingPlan, flatPlans, type Mixer } from '../mixer/index.js';
import { checkToken, type LanguageModel, type StepState } from '../model/index.js';
import { checkMemory } from './generation.js';
import { readingOf } from './reading.js';
import { step, type StepTimings } from './step.js';

export interface LanesOptions {
  /** Default: 1. */
  readonly threads?: number | undefined;
  /** Bytes the mixer may hold. Default: any. */
  readonly memory?: number | undefined;
}

/** Sequences side by side in one mixer and one run of the step graph, each begun and retired on its own. */
export class Lanes {
  readonly timings: StepTimings = { steps: 0, mixing: 0 };
  private readonly tokens: number[];
  /** By lane: what is left of a prompt that goes along with the steps, last token first. */
  private readonly prompts: number[][];

  private constructor(
    private readonly model: LanguageModel,
    private readonly mixer: Mixer,
    private readonly state: StepState,
    /** Positions that each lane has room for. */
    readonly length: number,
    readonly count: number,
  ) {
    this.tokens = new Array<number>(count).fill(0);
    this.prompts = Array.from({ length: count }, () => []);
  }

  /** All lanes idle. Throws a MemoryError if there is no room for them. */
  static async open(
    model: LanguageModel,
    count: number,
    length: number,
    { threads = 1, memory = Infinity }: LanesOptions = {},
  ): Promise<Lanes> {
    const shape = { layers: model.mixers, width: model.config.model.width, length, lanes: count };
    const plan = fittingPlan({ name: 'tiled', shape, threads, memory, plan: flatPlans(length) });
    checkMemory(shape, 'tiled', threads, plan);
    const mixer = await createMixer({ name: 'tiled', shape, threads, plan });
    for (let layer = 0; layer < shape.layers; layer++) {
      // All that it takes, so that sums do not depend on how long it is.
      mixer.setFilter(layer, await model.taps(layer, Math.min(mixer.filterRows, model.config.model.context)));
    }
    for (let lane = 0; lane < count; lane++) mixer.retire(lane);
    return new Lanes(model, mixer, model.start(count), length, count);
  }

  /**
   * Starts a lane with a prompt, for `ahead` positions. Returns the logits after it, `[vocabulary]`, or null if they come
   * with a later step: the first one after which the lane is not `reading`.
   */
  async begin(
    lane: number,
    prompt: readonly number[],
    ahead: number,
    signal?: AbortSignal,
  ): Promise<Float32Array | null> {
    const { mixer, state } = this;
    const reading = readingOf(prompt.length, ahead);
    mixer.reset(lane);
    if (reading === 'steps') {
      for (const id of prompt) checkToken(id, this.model.config.model.vocabulary);
      state.clearLane(lane);
      this.prompts[lane] = [...prompt].reverse();
      return null;
    }
    try {
      const filled = reading === 'fill';
      const start = await this.model.prefill(prompt, filled ? 0 : ahead, {
        onProgress: () => signal?.throwIfAborted(),
        onLayer: (layer, { inputs, pending }) => {
          if (filled) mixer.fill(layer, inputs, lane);
          else mixer.addPending(layer, pending, lane);
        },
      });
      if (filled) mixer.resume(prompt.length, lane);
      state.copyLane(lane, start.state);
      return start.logits;
    } catch (error) {
      mixer.retire(lane);
      throw error;
    }
  }

  /** Whether a lane is still at its prompt: its logits are not those after it. */
  reading(lane: number): boolean {
    return this.prompts[lane].length > 0;
  }

  /** The token that a lane's next step feeds. */
  feed(lane: number, token: number): void {
    this.tokens[lane] = token;
  }

  retire(lane: number): void {
    this.mixer.retire(lane);
    this.tokens[lane] = 0;
    this.prompts[lane] = [];
  }

  /** One token of every lane through the model: `[lane, vocabulary]`, overwritten by the next step. */
  step(): Promise<Float32Array> {
    this.prompts.forEach((rest, lane) => {
      if (rest.length > 0) this.feed(lane, rest.pop()!);
    });
    const { model, mixer, state, tokens, timings } = this;
    return step(model, { mixer, state }, tokens, timings);
  }

  close(): Promise<void> {
    return this.mixer.close();
  }
}
