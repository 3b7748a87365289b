/** Models whose filters come out of their steps: all that is read goes through them token by token. */
import type { Bundle, BundleConfig } from '../bundle/index.js';
import { convolutions, stateOf } from '../layers/index.js';
import { build, fit, type Mixer, type MixerShape } from '../mixer/index.js';
import { scoresOf } from './probability.js';
import type { Graph } from './run.js';
import { stateBytes, type StepState } from './state.js';
import { Stepper } from './stepper.js';
import { stepThrough } from './stepwise.js';
import { checkIds } from './token.js';
import type {
  Device,
  HiddenChunk,
  Inside,
  LanguageModel,
  LogitsChunk,
  ScoreOptions,
  SequenceOptions,
  Sequences,
  StepResult,
  StoredTensor,
} from './types.js';

const FILTER = { kind: 'data-dependent' } as const;

export class DataDependent implements LanguageModel {
  readonly config: BundleConfig;
  readonly directory: string;
  readonly convolutions: number;
  readonly filter = FILTER;
  readonly id: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly tokenizerFile: Uint8Array | undefined;
  private readonly stepper: Stepper;
  private closed = false;

  constructor(
    private readonly bundle: Bundle,
    step: Graph,
    readonly device: Device,
    readonly fallback: string | undefined,
  ) {
    const { config, directory, id, tokenizerFile } = bundle;
    this.config = config;
    this.directory = directory;
    this.id = id;
    this.tensors = bundle.weights.tensors;
    this.tokenizerFile = tokenizerFile;
    this.convolutions = convolutions(config.model.layers);
    this.stepper = new Stepper(step, config.model, config.weights !== undefined || device !== 'cpu');
  }

  stateBytes(tokens: number): number {
    const { layers, width } = this.config.model;
    return stateBytes(stateOf(layers, width), tokens);
  }

  start(batch = 1, { hidden = false }: { readonly hidden?: boolean } = {}): StepState {
    this.checkOpen();
    return this.stepper.start(batch, hidden);
  }

  async step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult> {
    this.checkOpen();
    return this.stepper.step(state, tokens);
  }

  taps(convolution: number): Promise<never> {
    return Promise.reject(
      new RangeError(`the taps of convolution ${convolution} depend on what the model has read`),
    );
  }

  prefill(): Promise<never> {
    return Promise.reject(new RangeError(`${this.config.name} reads prompts in steps`));
  }

  async score(ids: ArrayLike<number>, options: ScoreOptions = {}): Promise<Float64Array> {
    return scoresOf(ids, this.config.model.vocabulary, (given) => this.rows(given, options, false));
  }

  async *logits(ids: ArrayLike<number>, options: ScoreOptions = {}): AsyncGenerator<LogitsChunk> {
    yield* this.rows(ids, options, true);
  }

  sequences(): Sequences {
    this.checkOpen();
    return {
      score: (ids, options) => this.score(ids, options),
      hidden: (ids, layer, options) => this.hidden(ids, layer, options),
    };
  }

  private async *hidden(
    ids: ArrayLike<number>,
    layer: number | Inside,
    options: SequenceOptions = {},
  ): AsyncGenerator<HiddenChunk> {
    const { length } = this.config.model.layers;
    if (layer !== length) {
      throw new RangeError(
        `steps give what all ${length} layers make of a position, and nothing from inside`,
      );
    }
    yield* this.rows(ids, options, true);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.stepper.close();
    this.bundle.close();
  }

  /** Token by token through the mixer that is given, or one of its own. */
  private async *rows(
    ids: ArrayLike<number>,
    { stepwise, ...options }: ScoreOptions,
    hidden: boolean,
  ): AsyncGenerator<LogitsChunk> {
    this.checkOpen();
    if (ids.length === 0) return;
    const { model } = this.config;
    checkIds(ids, 0, model);
    const shape: MixerShape = {
      convolutions: this.convolutions,
      width: model.width,
      length: ids.length,
      filter: FILTER,
    };
    const own: Mixer | undefined = stepwise ? undefined : await build(fit({ name: 'tiled', shape }));
    try {
      yield* stepThrough(this, ids, { ...options, stepwise: (stepwise ?? own)!, hidden });
    } finally {
      await own?.close();
    }
  }

  private checkOpen(): void {
    if (this.closed) throw new Error(`the model ${this.config.name} is closed`);
  }
}
