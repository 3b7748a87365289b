import { openBundle, type Bundle } from '../bundle/bundle.js';
import { FILTER_FILE, STEP_FILE, WEIGHTS_FILE, type BundleConfig } from '../bundle/config.js';
import { OfflinePass } from './prompt-pass.js';
import { logProbability } from './probability.js';
import { createOnDevice, createSession, loadRuntime, type Runtime, type Session } from './session.js';
import type { StateTensor, StepState } from './state.js';
import { checkToken, Stepper } from './stepper.js';
import { FilterEvaluator } from './taps.js';
import type {
  Device,
  LanguageModel,
  LogitsChunk,
  OpenOptions,
  Prefilled,
  PrefillOptions,
  ScoreOptions,
  StepResult,
} from './types.js';

/**
 * Weights beyond which a step takes milliseconds, all of it memory traffic: a second, spinning thread then
 * saves a third. Below, it is not worth the core, which mixing can use.
 */
const SECOND_THREAD_FROM = 48 << 20;

/** Opens a bundle: validates it in full, then loads what a token needs. Throws BundleError. */
export async function openModel(directory: string, options: OpenOptions = {}): Promise<LanguageModel> {
  const { threads = 1, device: choice = 'auto', batch = 1 } = options;
  const bundle = openBundle(directory);
  const runtime = await loadRuntime();
  const large = bundle.config.files[WEIGHTS_FILE].bytes >= SECOND_THREAD_FROM;
  const stepThreads = large || batch > 1 ? Math.min(threads, 2) : 1;
  const settings = { threads: stepThreads, prepack: true, spin: stepThreads > 1 };
  const step = await createOnDevice(runtime, bundle.path(STEP_FILE), choice, settings);
  return new Hyena(bundle, runtime, step.session, step.device, threads);
}

const NOTHING = new Float32Array(0);

class Hyena implements LanguageModel {
  readonly config: BundleConfig;
  readonly directory: string;
  readonly convolutions: number;
  readonly id: string;
  private readonly stepper: Stepper;
  private readonly offline: OfflinePass;
  private filters: Promise<FilterEvaluator> | undefined;

  constructor(
    private readonly bundle: Bundle,
    private readonly runtime: Runtime,
    session: Session,
    readonly device: Device,
    private readonly threads: number,
  ) {
    const { config, directory, id } = bundle;
    this.config = config;
    this.directory = directory;
    this.id = id;
    this.convolutions = config.model.layers * (config.model.order - 1);
    const state = stateOf(config.model);
    this.stepper = new Stepper(
      runtime,
      session,
      config.model,
      this.convolutions,
      state,
      bundle.path(STEP_FILE),
    );
    this.offline = new OfflinePass(
      runtime,
      config.model,
      () => this.start(),
      (file) => this.load(file),
      () => this.loadFilters(),
    );
  }

  start(batch = 1, { hidden = false }: { readonly hidden?: boolean } = {}): StepState {
    return this.stepper.start(batch, hidden);
  }

  step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult> {
    return this.stepper.step(state, tokens);
  }

  async taps(convolution: number, end: number, start = 0): Promise<Float32Array> {
    const { width, context } = this.config.model;
    if (!Number.isSafeInteger(convolution) || convolution < 0 || convolution >= this.convolutions) {
      throw new RangeError(`convolution ${convolution} is not one of 0 to ${this.convolutions - 1}`);
    }
    if (!Number.isSafeInteger(end) || !(start >= 0 && start < end) || end > context) {
      throw new RangeError(`taps ${start} to ${end} are not within the model's context of ${context}`);
    }
    const filters = await this.loadFilters();
    const taps = new Float32Array((end - start) * width);
    await filters.write(convolution, start, end, taps);
    return taps;
  }

  async prefill(
    ids: ArrayLike<number>,
    generateLength: number,
    { onConvolution, onProgress }: PrefillOptions = {},
  ): Promise<Prefilled> {
    const ahead = onConvolution === undefined ? 0 : generateLength;
    const { x, state } = await this.offline.run({ ids, ahead, lastRowOnly: true, onConvolution, onProgress });
    for await (const { logits } of this.offline.head(x)) return { logits, state };
    throw new Error('the head gave no logits');
  }

  async score(ids: ArrayLike<number>, options: ScoreOptions = {}): Promise<Float64Array> {
    const { vocabulary } = this.config.model;
    if (ids.length > 0) checkToken(ids[ids.length - 1], vocabulary);
    if (ids.length < 2) return new Float64Array(0);
    const given = Array.prototype.slice.call(ids, 0, -1) as number[];
    const scores = new Float64Array(given.length);
    const hidden = false;
    const chunks = options.stepwise
      ? this.stepThrough(given, options, { hidden })
      : this.logits(given, options);
    for await (const { start, rows, logits } of chunks) {
      for (let row = 0; row < rows; row++) {
        const target = ids[start + row + 1];
        scores[start + row] = logProbability(logits, target, vocabulary, row * vocabulary);
      }
    }
    return scores;
  }

  async *logits(ids: ArrayLike<number>, options: ScoreOptions = {}): AsyncGenerator<LogitsChunk> {
    if (options.stepwise !== undefined) {
      yield* this.stepThrough(ids, options, { hidden: true });
      return;
    }
    const { onProgress } = options;
    const { x } = await this.offline.run({ ids, ahead: 0, lastRowOnly: false, onProgress });
    yield* this.offline.head(x);
  }

  async close(): Promise<void> {
    const filters = this.filters?.then((loaded) => loaded.close());
    // A graph that never loaded has nothing to release, and whoever asked for it has the error.
    await Promise.allSettled([this.stepper.close(), this.offline.close(), filters]);
  }

  /** A chunk of one row after each of `ids`. */
  private async *stepThrough(
    ids: ArrayLike<number>,
    { stepwise: mixer, onProgress }: ScoreOptions,
    options: { readonly hidden: boolean },
  ): AsyncGenerator<LogitsChunk> {
    if (mixer === undefined) throw new TypeError('no mixer to step through');
    const state = this.start(1, options);
    for (let t = 0; t < ids.length; t++) {
      mixer.pending(state.pending);
      const { logits, y, hidden = NOTHING } = await this.step(state, ids[t]);
      mixer.push(y);
      yield { start: t, rows: 1, logits, hidden };
      onProgress?.(t + 1, ids.length);
    }
  }

  private loadFilters(): Promise<FilterEvaluator> {
    const { model, filter } = this.config;
    // While a text is generated, filters are evaluated a few rows at a time: too little to wake another thread for.
    this.filters ??= this.load(FILTER_FILE, 1).then(
      (session) => new FilterEvaluator(this.runtime, session, model, filter),
    );
    return this.filters;
  }

  /** Graphs over many rows at once: the weights stay in the mapped file, for all of them together. */
  private load(file: string, threads = this.threads): Promise<Session> {
    const settings = { device: this.device, threads, prepack: false, spin: false };
    return createSession(this.runtime, this.bundle.path(file), settings);
  }
}

/** The two inputs before the next one of every layer's short convolution, the older first. */
function stateOf({ layers, order, width }: BundleConfig['model']): readonly StateTensor[] {
  return [{ name: 'state', dims: [layers, 2, (order + 1) * width] }];
}
