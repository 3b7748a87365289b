/**
 * Models without long convolutions: what their layers need of the past are states of a few values, and keys and values of
 * attention.
 */
import { type Bundle, type BundleConfig, type GraphName, ROWS_OF_RECURRENCES } from '../bundle/index.js';
import { abortable, checkFree } from '../format/index.js';
import { type KeyValueType, type LayerPart, stateOf } from '../layers/index.js';
import { scoresOf } from './probability.js';
import { RecurrentPass, type RowsWanted } from './recurrent-pass.js';
import type { Graph } from './run.js';
import { loadGraph } from './session.js';
import { sourceOf } from './source.js';
import { stateBytes, StepState } from './state.js';
import { stepThrough } from './stepwise.js';
import { checkIds, checkLanes, checkTokens } from './token.js';
import type {
  Device,
  HiddenChunk,
  Inside,
  LanguageModel,
  LogitsChunk,
  Prefilled,
  PrefillOptions,
  ScoreOptions,
  SequenceOptions,
  Sequences,
  StepResult,
  StoredTensor,
} from './types.js';

export class Recurrent implements LanguageModel {
  readonly config: BundleConfig;
  readonly directory: string;
  readonly convolutions = 0;
  readonly id: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly tokenizerFile: Uint8Array | undefined;
  private readonly pass: RecurrentPass;
  private readonly results = new WeakMap<StepState, StepResult>();
  private readonly graphs = new Map<GraphName, Promise<Graph>>();
  private closed = false;

  constructor(
    private readonly bundle: Bundle,
    private readonly stepGraph: Graph,
    readonly device: Device,
    private readonly threads: number,
    readonly fallback: string | undefined,
    private readonly keyValues: KeyValueType,
  ) {
    const { config, directory, id, tokenizerFile, weights } = bundle;
    this.config = config;
    this.directory = directory;
    this.id = id;
    this.tensors = weights.tensors;
    this.tokenizerFile = tokenizerFile;
    const frequencies = weights.tensors.has('rotary') ? weights.values('rotary') : new Float32Array(0);
    this.pass = new RecurrentPass(stepGraph.runtime, config.model, frequencies);
  }

  stateBytes(tokens: number): number {
    const { layers, width } = this.config.model;
    return stateBytes(stateOf(layers, width), tokens, this.keyValues);
  }

  start(batch = 1, { hidden = false }: { readonly hidden?: boolean } = {}): StepState {
    this.checkOpen();
    checkLanes(batch);
    const { layers, width } = this.config.model;
    return new StepState(stateOf(layers, width), batch, 0, width, this.keyValues, hidden);
  }

  async step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult> {
    this.checkOpen();
    const { vocabulary } = this.config.model;
    const ids = typeof tokens === 'number' ? [tokens] : Array.from(tokens);
    const { lanes } = state;
    checkTokens(ids, lanes, vocabulary);
    const result = this.resultOf(state);
    // Kernels for quantised weights may round several rows otherwise than one.
    const together = this.config.weights === undefined ? lanes : 1;
    for (let lane = 0; lane < lanes; lane += together) {
      const part = (all: Float32Array): Float32Array => {
        const size = all.length / lanes;
        return all.subarray(lane * size, (lane + together) * size);
      };
      const { logits, hidden } = result;
      const rows = { ids: ids.slice(lane, lane + together), lane, lanes: together };
      await this.pass.run(this.stepGraph, state, rows, {
        logits: part(logits),
        hidden: hidden && part(hidden),
      });
    }
    state.advance();
    return result;
  }

  taps(convolution: number): Promise<Float32Array> {
    return Promise.reject(new RangeError(`there is no convolution ${convolution}: the model has none`));
  }

  async prefill(
    ids: ArrayLike<number>,
    generateLength: number,
    { signal, ...options }: PrefillOptions = {},
  ): Promise<Prefilled> {
    this.checkOpen();
    const { model } = this.config;
    checkIds(ids, generateLength, model);
    const state = this.start();
    const onProgress = abortable(signal, options.onProgress);
    let logits = new Float32Array(0);
    for await (const chunk of this.rows(
      state,
      ids,
      { onProgress, ...(signal && { signal }) },
      { logits: true },
    )) {
      logits = chunk.logits.slice(-model.vocabulary);
    }
    return { logits, state };
  }

  async score(ids: ArrayLike<number>, options: ScoreOptions = {}): Promise<Float64Array> {
    this.checkOpen();
    const { model } = this.config;
    const { stepwise } = options;
    return scoresOf(ids, model.vocabulary, (given) => {
      checkIds(given, 0, model);
      return stepwise
        ? stepThrough(this, given, { ...options, stepwise, hidden: false })
        : this.rows(this.start(), given, options, { logits: true });
    });
  }

  async *logits(ids: ArrayLike<number>, options: ScoreOptions = {}): AsyncGenerator<LogitsChunk> {
    this.checkOpen();
    const { stepwise } = options;
    if (stepwise) {
      yield* stepThrough(this, ids, { ...options, stepwise, hidden: true });
      return;
    }
    checkIds(ids, 0, this.config.model);
    yield* this.rows(this.start(), ids, options, { logits: true, hidden: true });
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
    const { model } = this.config;
    const { length } = model.layers;
    const [until, part] = typeof layer === 'number' ? [layer] : [layer.layer + 1, layer.part];
    const least = part === undefined ? 0 : 1;
    if (!Number.isSafeInteger(until) || until < least || until > length) {
      throw new RangeError(`layer ${until - least} is not one of 0 to ${length - least}`);
    }
    checkIds(ids, 0, model);
    yield* this.rows(this.start(), ids, options, { hidden: true }, until, part);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const graphs = [Promise.resolve(this.stepGraph), ...this.graphs.values()];
    // A graph that never loaded has nothing to release, and whoever asked for it has the error.
    await Promise.allSettled(graphs.map(async (graph) => (await graph).session.release()));
    this.bundle.close();
  }

  /** What a state's steps give, each in place of the one before. */
  private resultOf(state: StepState): StepResult {
    let result = this.results.get(state);
    if (result === undefined) {
      const { width, vocabulary } = this.config.model;
      result = {
        logits: new Float32Array(state.lanes * vocabulary),
        y: state.pending,
        ...(state.wantHidden && { hidden: new Float32Array(state.lanes * width) }),
      };
      this.results.set(state, result);
    }
    return result;
  }

  /** The rows of a sequence through the first `until` layers, or the whole model, a chunk at a time. */
  private async *rows(
    state: StepState,
    ids: ArrayLike<number>,
    { onProgress, signal }: SequenceOptions,
    wishes: { readonly logits?: boolean; readonly hidden?: boolean },
    until = this.config.model.layers.length,
    part?: LayerPart,
  ): AsyncGenerator<LogitsChunk> {
    const { width, vocabulary, layers } = this.config.model;
    checkFree(this.stateBytes(ids.length), `states, keys and values of ${ids.length} tokens`);
    const whole = until === layers.length && part === undefined;
    const graph = await this.graph(whole ? 'rows' : `rows${until}.${part ?? 'whole'}`);
    const most = Math.min(ids.length, ROWS_OF_RECURRENCES);
    const logits = new Float32Array(wishes.logits ? most * vocabulary : 0);
    const hidden = new Float32Array(wishes.hidden ? most * width : 0);
    for (let start = 0; start < ids.length; start += most) {
      signal?.throwIfAborted();
      const part = Array.prototype.slice.call(ids, start, start + most) as number[];
      const rows = part.length;
      const chunk = {
        start,
        rows,
        logits: logits.subarray(0, rows * vocabulary),
        hidden: hidden.subarray(0, rows * width),
      };
      const wanted: RowsWanted = {
        ...(wishes.logits && { logits: chunk.logits }),
        ...(wishes.hidden && { hidden: chunk.hidden }),
      };
      await this.pass.run(graph, state, { ids: part, lane: 0, lanes: 1 }, wanted, until);
      state.advance();
      yield chunk;
      onProgress?.(start + rows, ids.length);
    }
  }

  private graph(name: GraphName): Promise<Graph> {
    let graph = this.graphs.get(name);
    if (graph === undefined) {
      graph = this.load(name);
      this.graphs.set(name, graph);
    }
    return graph;
  }

  private async load(name: GraphName): Promise<Graph> {
    // Each graph has its own copy of the weights.
    checkFree(this.bundle.weights.size, `the weights, once more for many tokens at once,`);
    // Quantised weights are multiplied many times faster in the layout of their kernels.
    const prepack = this.config.weights !== undefined;
    const settings = { device: this.device, threads: this.threads, prepack, spin: false };
    return loadGraph(sourceOf(this.bundle, name, this.keyValues), settings);
  }

  private checkOpen(): void {
    if (this.closed) throw new Error(`the model ${this.config.name} is closed`);
  }
}
