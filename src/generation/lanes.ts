import { build, fit, flatPlans, type Mixer, type Plan } from '../mixer/index.js';
import { checkToken, type LanguageModel, type Progress, type StepState } from '../model/index.js';
import { GrowingFilters, setFilters } from './growing-filters.js';
import { shapeOf, type Lengths } from './lengths.js';
import { checkMemory, checkStates } from './memory.js';
import type { ComputeOptions, MixingChoice } from './options.js';
import type { MixerPoint, SavedMixer } from './point.js';

/** Milliseconds of all steps so far. */
export interface StepTimings {
  /** The model's steps. */
  steps: number;
  /** Reading pending sums, and the tiles; filters that grow included. */
  mixing: number;
}

export interface LanesOptions extends Omit<ComputeOptions, 'signal'>, MixingChoice {
  /** Sequences side by side. */
  readonly count: number;
  /** Positions that each has room for. */
  readonly length: number;
  /**
   * Evaluate filters as they are needed, to go on from so many inputs. For a single lane. Default: all at once, as lanes
   * that come and go are at any position at any time.
   */
  readonly growFrom?: number | undefined;
  readonly onProgress?: Progress | undefined;
}

/** How `begin` reads a prompt. */
export interface Begin extends Pick<Lengths, 'reading' | 'ahead'> {
  readonly onProgress?: Progress | undefined;
}

/** Ends the threads of mixers whose texts nobody can go on with: an iterator that was left without its `return`. */
const abandoned = new FinalizationRegistry<Mixer>((mixer) => void mixer.close());

/**
 * Sequences side by side in one mixer and one run of the step graph, each begun and retired on its own; one sequence is
 * a lane alone.
 *
 *     begin: read the prompt -> loop: feed a token; step: pending sums -> the model -> its inputs to the mixer
 */
export class Lanes {
  readonly timings: StepTimings = { steps: 0, mixing: 0 };
  /** Positions that each lane has room for. */
  readonly length: number;
  readonly count: number;
  private readonly state: StepState;
  private readonly tokens: number[];
  /** By lane: what is left of a prompt that goes along with the steps, last token first. */
  private readonly prompts: number[][];
  /** A reset would touch all of a mixer's memory, and a new one of a single lane needs none. */
  private untouched: boolean;

  private constructor(
    private readonly model: LanguageModel,
    private readonly mixer: Mixer,
    /** Those of the mixer, unless it has them whole. */
    private readonly filters: GrowingFilters | undefined,
  ) {
    const { length, lanes = 1 } = mixer.shape;
    this.length = length;
    this.count = lanes;
    this.state = model.start(lanes);
    this.tokens = new Array<number>(lanes).fill(0);
    this.prompts = Array.from({ length: lanes }, () => []);
    this.untouched = lanes === 1;
    abandoned.register(this, mixer, this);
    if (lanes > 1) for (let lane = 0; lane < lanes; lane++) mixer.retire(lane);
  }

  /** All lanes idle. Throws a MemoryError if there is no room for them. */
  static async open(model: LanguageModel, options: LanesOptions): Promise<Lanes> {
    const { count, length, mixer: name = 'tiled', threads = 1, memory = Infinity, growFrom } = options;
    const convolutions = model.convolutions;
    const shape = shapeOf(model, length, count);
    const recipe = fit({
      name,
      shape,
      threads,
      memory,
      plan: options.plan ?? flatPlans(length),
      implicit: model.implicit,
    });
    checkMemory(recipe);
    checkStates(model, count, length, recipe.bytes);
    const mixer = await build(recipe);
    try {
      const grow = growFrom !== undefined && model.filter === undefined;
      const filters = grow ? new GrowingFilters(model, mixer) : undefined;
      if (filters === undefined) await setFilters(model, mixer);
      else await filters.start(growFrom!, (convolution) => options.onProgress?.(convolution, convolutions));
      options.onProgress?.(convolutions, convolutions);
      return new Lanes(model, mixer, filters);
    } catch (error) {
      await mixer.close();
      throw error;
    }
  }

  get plan(): Plan {
    return this.mixer.plan;
  }

  /** Bytes the mixer holds. */
  get bytes(): number {
    return this.mixer.bytes;
  }

  /**
   * Starts lanes with a prompt, which is computed once for all of them. Returns the logits after it, `[vocabulary]`, or null if
   * they come with a later step: the first one after which a lane is not `reading`. What `onProgress` throws ends it.
   */
  async begin(lanes: readonly number[], prompt: readonly number[], how: Begin): Promise<Float32Array | null> {
    const { model, mixer, state } = this;
    const { reading, ahead, onProgress } = how;
    if (!this.untouched) for (const lane of lanes) mixer.reset(lane);
    this.untouched = false;
    if (reading === 'steps') {
      for (const id of prompt) checkToken(id, model.config.model.vocabulary);
      for (const lane of lanes) {
        state.clearLane(lane);
        this.prompts[lane] = [...prompt].reverse();
      }
      return null;
    }
    try {
      const filled = reading === 'fill';
      const start = await model.prefill(prompt, filled ? 0 : ahead, {
        ...(onProgress && { onProgress }),
        onConvolution: (convolution, { inputs, pending }) => {
          for (const lane of lanes) {
            if (filled) mixer.fill(convolution, inputs, lane);
            else mixer.addPending(convolution, pending, lane);
          }
        },
      });
      for (const lane of lanes) {
        if (filled) mixer.resume(prompt.length, lane);
        state.copyLane(lane, start.state);
      }
      return start.logits;
    } catch (error) {
      for (const lane of lanes) mixer.retire(lane);
      throw error;
    }
  }

  /**
   * Tokens of a lane's prompt that are still to go along with the steps: until there are none, its logits are not those after
   * it.
   */
  reading(lane: number): number {
    return this.prompts[lane].length;
  }

  /** The token that a lane's next step feeds. */
  feed(lane: number, token: number): void {
    this.tokens[lane] = token;
  }

  retire(lane: number): void {
    this.mixer.retire(lane);
    this.state.clearLane(lane);
    this.tokens[lane] = 0;
    this.prompts[lane] = [];
  }

  /** One token of every lane through the model and into the mixer: logits `[lane, vocabulary]`, overwritten by the next step. */
  async step(): Promise<Float32Array> {
    const { model, mixer, filters, state, tokens, prompts, timings } = this;
    for (let lane = 0; lane < prompts.length; lane++) {
      if (prompts[lane].length > 0) tokens[lane] = prompts[lane].pop()!;
    }
    const mixing = performance.now();
    mixer.pending(state.pending);
    const stepping = performance.now();
    const { logits, y } = await model.step(state, tokens);
    const stepped = performance.now();
    if (filters !== undefined) await filters.step(mixer.position + 1);
    mixer.push(y);
    timings.steps += stepped - stepping;
    timings.mixing += performance.now() - stepped + (stepping - mixing);
    return logits;
  }

  /** What has been added to the timings since they were as given. */
  since({ steps, mixing }: Readonly<StepTimings>): StepTimings {
    return { steps: this.timings.steps - steps, mixing: this.timings.mixing - mixing };
  }

  /** Where a single lane is. */
  save(): MixerPoint {
    const { mixer, state } = this;
    const { name, plan, position } = mixer;
    const { convolutions, width, length } = mixer.shape;
    return {
      state: state.save(),
      mixer: { name, shape: { convolutions, width, length }, plan, position },
      arrays: mixer.state(),
    };
  }

  /** Goes on, in a single lane, from where another one of the same mixer was. */
  resume({ state, mixer: { position }, restore }: SavedMixer): void {
    restore(this.mixer.state());
    this.mixer.resume(position);
    this.state.restore(state);
  }

  close(): Promise<void> {
    abandoned.unregister(this);
    return this.mixer.close();
  }
}
