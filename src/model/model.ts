import { type Bundle, type BundleConfig, type GraphName, openBundle } from '../bundle/index.js';
import { hyenaDimensions } from '../hyena/index.js';
import { convolutions, filtersOf, stateOf } from '../layers/index.js';
import { BlockGraphs } from './block-graphs.js';
import { DataDependent } from './data-dependent.js';
import { DenseStepper } from './dense-stepper.js';
import { PromptPass } from './prompt-pass.js';
import { Recurrent } from './recurrent.js';
import { SequencePass } from './sequence-pass.js';
import { scoresOf } from './probability.js';
import type { Graph } from './run.js';
import { chooseDevice, loadGraph } from './session.js';
import { sourceOf } from './source.js';
import { stepThrough } from './stepwise.js';
import { stateBytes, type StepState } from './state.js';
import { Stepper } from './stepper.js';
import type { Steps } from './steps.js';
import { FilterEvaluator } from './taps.js';
import { abortable, checkFree } from '../format/index.js';
import type { ImplicitFilters, ImplicitShape, Lags } from '../mixer/index.js';
import type {
  Device,
  LanguageModel,
  LogitsChunk,
  OpenOptions,
  Prefilled,
  PrefillOptions,
  ScoreOptions,
  Sequences,
  StepResult,
  StoredTensor,
} from './types.js';

/** Weights of so many bytes take seconds to check. Another thread does it while ONNX Runtime lays them out. */
const CHECKED_ASIDE = 1 << 30;

/**
 * Weights beyond which a step takes milliseconds, all of it memory traffic: a second, spinning thread then
 * saves a third. Below, it is not worth the core, which mixing can use.
 */
const SECOND_THREAD_FROM = 48 << 20;

/**
 * Opens a bundle: validates it in full, then loads what a token needs. Throws BundleError, and a MemoryError before its weights
 * take more than is free: they are mapped, but in the layout that kernels like they are memory of the program's own.
 */
export async function openModel(directory: string, options: OpenOptions = {}): Promise<LanguageModel> {
  const { threads = 1, device: choice = 'auto', batch = 1, keyValues = 'float32' } = options;
  const bundle = openBundle(directory, undefined, threads > 1 ? CHECKED_ASIDE : undefined);
  try {
    const large = bundle.weights.size >= SECOND_THREAD_FROM;
    const stepThreads = large || batch > 1 ? Math.min(threads, 2) : 1;
    const settings = { threads: stepThreads, prepack: true, spin: stepThreads > 1 };
    const { layers } = bundle.config.model;
    if (keyValues !== 'float32' && layers.every(({ mixer }) => mixer.kind !== 'attention')) {
      throw new RangeError(`keys and values in ${keyValues}: the model has no attention`);
    }
    const { size } = bundle.weights;
    if (choice !== 'cuda' && choice !== 'webgpu') checkFree(size, 'the weights');
    const source = sourceOf(bundle, 'step', keyValues);
    const { graph, device, fallback } = await chooseDevice(choice, source, settings);
    const onCpu = (): Promise<Graph> => loadGraph(source, { ...settings, device: 'cpu' });
    switch (filtersOf(layers)) {
      case 'implicit': {
        const steps = await stepsOf(bundle, graph, stepThreads, onCpu);
        return await checked(bundle, new Hyena(bundle, steps, device, threads, fallback));
      }
      case 'data-dependent': {
        const step = graph ?? (await onCpu());
        return await checked(bundle, new DataDependent(bundle, step, device, fallback));
      }
      case undefined: {
        const step = graph ?? (await onCpu());
        return await checked(bundle, new Recurrent(bundle, step, device, threads, fallback, keyValues));
      }
    }
  } catch (error) {
    // What is wrong with the file comes before what followed from it.
    const wrong: unknown = await bundle.checked.then(
      () => error,
      (problem: unknown) => problem,
    );
    bundle.close();
    throw wrong;
  }
}

/** The model, once its weights are known to be what they must be. */
async function checked(bundle: Bundle, model: LanguageModel): Promise<LanguageModel> {
  try {
    await bundle.checked;
    return model;
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** A Hyena model's steps: on the graph of a device; on the CPU in our own kernels, or on a graph if those are not for it. */
async function stepsOf(
  { config, weights }: Bundle,
  graph: Graph | undefined,
  threads: number,
  onCpu: () => Promise<Graph>,
): Promise<Steps> {
  const { model } = config;
  if (graph !== undefined) return new Stepper(graph, model, true);
  if (DenseStepper.fits(weights)) return DenseStepper.load(weights, model, threads);
  return new Stepper(await onCpu(), model, config.weights !== undefined);
}

class Hyena implements LanguageModel {
  readonly config: BundleConfig;
  readonly directory: string;
  readonly convolutions: number;
  readonly id: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly tokenizerFile: Uint8Array | undefined;
  private readonly graphs: BlockGraphs;
  private readonly prompts: PromptPass;
  readonly implicit: ImplicitShape;
  private readonly filters: FilterEvaluator;
  private closed = false;

  constructor(
    private readonly bundle: Bundle,
    private readonly steps: Steps,
    readonly device: Device,
    private readonly threads: number,
    readonly fallback: string | undefined,
  ) {
    const { config, directory, id, tokenizerFile } = bundle;
    this.config = config;
    this.directory = directory;
    this.id = id;
    this.tensors = bundle.weights.tensors;
    this.tokenizerFile = tokenizerFile;
    this.convolutions = convolutions(config.model.layers);
    const quantised = config.weights !== undefined;
    this.graphs = new BlockGraphs(config.model, quantised, (name, prepack) =>
      this.load(name, this.threads, prepack),
    );
    this.filters = new FilterEvaluator(bundle.weights, hyenaDimensions(config.model), config.filter!);
    this.implicit = this.filters.shape;
    this.prompts = new PromptPass(this.graphs, config.model, () => this.start(), this.filters);
  }

  stateBytes(tokens: number): number {
    const { layers, width } = this.config.model;
    return stateBytes(stateOf(layers, width), tokens);
  }

  start(batch = 1, { hidden = false }: { readonly hidden?: boolean } = {}): StepState {
    this.checkOpen();
    return this.steps.start(batch, hidden);
  }

  async step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult> {
    this.checkOpen();
    return this.steps.step(state, tokens);
  }

  async taps(convolution: number, end: number, start = 0, filters?: ImplicitFilters): Promise<Float32Array> {
    const { width, context } = this.config.model;
    if (!Number.isSafeInteger(convolution) || convolution < 0 || convolution >= this.convolutions) {
      throw new RangeError(`convolution ${convolution} is not one of 0 to ${this.convolutions - 1}`);
    }
    if (!Number.isSafeInteger(end) || !(start >= 0 && start < end) || end > context) {
      throw new RangeError(`taps ${start} to ${end} are not within the model's context of ${context}`);
    }
    this.checkOpen();
    const taps = new Float32Array((end - start) * width);
    await this.filters.write(convolution, start, end, taps, filters);
    return taps;
  }

  lags(start: number, end: number): Lags | undefined {
    return this.filters.lags(start, end);
  }

  async prefill(
    ids: ArrayLike<number>,
    generateLength: number,
    { onConvolution, signal, ...options }: PrefillOptions = {},
  ): Promise<Prefilled> {
    this.checkOpen();
    const onProgress = abortable(signal, options.onProgress);
    const ahead = onConvolution === undefined ? 0 : generateLength;
    return this.prompts.run({ ids, ahead, onConvolution, onProgress });
  }

  async score(ids: ArrayLike<number>, options: ScoreOptions = {}): Promise<Float64Array> {
    const { stepwise } = options;
    if (stepwise !== undefined) {
      return scoresOf(ids, this.config.model.vocabulary, (given) =>
        stepThrough(this, given, { ...options, stepwise, hidden: false }),
      );
    }
    this.checkOpen();
    return this.sequencePass(false).score(ids, options);
  }

  async *logits(ids: ArrayLike<number>, options: ScoreOptions = {}): AsyncGenerator<LogitsChunk> {
    if (options.stepwise !== undefined) {
      yield* stepThrough(this, ids, { ...options, stepwise: options.stepwise, hidden: true });
      return;
    }
    this.checkOpen();
    yield* this.sequencePass(false).logits(ids, options);
  }

  sequences(): Sequences {
    this.checkOpen();
    return this.sequencePass(true);
  }

  private sequencePass(keep: boolean): SequencePass {
    return new SequencePass(this.graphs, this.config.model, () => this.start(), this.filters, keep);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    // A graph that never loaded has nothing to release, and whoever asked for it has the error.
    await Promise.allSettled([this.steps.close(), this.graphs.close()]);
    this.bundle.close();
  }

  private checkOpen(): void {
    if (this.closed) throw new Error(`the model ${this.config.name} is closed`);
  }

  /**
   * Graphs over many rows at once: the weights stay as they are stored, without a second copy of them in another layout, but
   * where that pays.
   */
  private load(name: GraphName, threads = this.threads, prepack = false): Promise<Graph> {
    return loadGraph(sourceOf(this.bundle, name), { device: this.device, threads, prepack, spin: false });
  }
}
