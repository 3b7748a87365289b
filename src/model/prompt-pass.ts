/** A whole prompt through the model at once: dense layers in chunks of rows, one convolution per layer between. */
import { OfflineConvolver } from '../mixer/index.js';
import type { GraphName, ModelDimensions } from '../bundle/index.js';
import { convolutions, convolutionsOf, innerGate, type StackedState, stateOf } from '../layers/index.js';
import type { Feeds, Runtime } from './session.js';
import type { FilterEvaluator } from './taps.js';
import { runGraph, type Graph } from './run.js';
import type { StepState } from './state.js';
import { checkToken } from './token.js';
import type { ConvolutionStart, LogitsChunk, Progress } from './types.js';

/** Rows per call: enough for the matrix kernels' full speed, few enough to bound what ONNX Runtime holds. */
const ROWS = 1024;

/**
 * Fewer rows than this are multiplied with quantised weights in the layout that kernels like best. For more, the weights are
 * made float32 again as they are used: by then, that is faster. How a prompt rounds depends on its length alone.
 */
const PREPACK_BELOW = 512;

/** Logits held at a time, in values: 16 MB. */
const LOGITS = 1 << 22;

export interface OfflineRun {
  readonly ids: ArrayLike<number>;
  /** Positions after the prompt whose pending sums are wanted. */
  readonly ahead: number;
  /** Whether the last layer's end is computed for the last row only. */
  readonly lastRowOnly: boolean;
  readonly onConvolution?: ((convolution: number, start: ConvolutionStart) => void) | undefined;
  readonly onProgress?: Progress | undefined;
}

export interface OfflineResult {
  /** Output of the last layer, `[rows, width]`: of the last row, or of all. */
  readonly x: Float32Array;
  readonly state: StepState;
}

/** Activations of the whole prompt, `[time, width]` each; `z` and `taps` reach past it. */
interface Activations {
  readonly x: Float32Array;
  readonly gate: Float32Array;
  readonly y: Float32Array;
  readonly z: Float32Array;
  /** The gates between a layer's convolutions, in the order of use; none at order 2. */
  readonly inner: readonly { readonly name: string; readonly values: Float32Array }[];
}

export class OfflinePass {
  private readonly graphs = new Map<string, Promise<Graph>>();
  private readonly state: readonly StackedState[];

  /**
   * @param start makes the state of one sequence at position 0
   * @param load loads a graph of the bundle, its weights prepacked or as they are stored; called when a prompt first needs it
   */
  constructor(
    private readonly runtime: Runtime,
    private readonly model: ModelDimensions,
    private readonly quantised: boolean,
    private readonly start: () => StepState,
    private readonly load: (name: GraphName, prepack: boolean) => Promise<Graph>,
    private readonly filters: () => Promise<FilterEvaluator>,
  ) {
    this.state = stateOf(model.layers, model.width);
  }

  /**
   * All layers over `ids`. Holds five arrays (and one more for each order above 2) of the prompt's length while it runs, and none afterwards but
   * what it returns.
   */
  async run({ ids, ahead, lastRowOnly, onConvolution, onProgress }: OfflineRun): Promise<OfflineResult> {
    const { layers, width } = this.model;
    const prompt = ids.length;
    this.checkPrompt(ids, ahead);
    const lastRows = lastRowOnly ? 1 : prompt;
    const total = (layers.length + convolutions(layers)) * prompt + lastRows;
    const innerGates = Math.max(...layers.map(convolutionsOf)) - 1;
    let done = 0;
    const advance = (rows: number): void => {
      done += rows;
      onProgress?.(done, total);
    };
    advance(0);

    const filters = await this.filters();
    const state = this.start();
    const taps = new Float32Array((prompt + ahead) * width);
    const a: Activations = {
      x: new Float32Array(prompt * width),
      gate: new Float32Array(prompt * width),
      y: new Float32Array(prompt * width),
      z: new Float32Array((prompt + ahead) * width),
      inner: Array.from({ length: innerGates }, (_, k) => ({
        name: innerGate(innerGates - k),
        values: new Float32Array(prompt * width),
      })),
    };

    const convolver = new OfflineConvolver({ width, prompt, ahead });
    let convolution = 0;
    for (const [l, layer] of layers.entries()) {
      await this.startLayer(l, ids, a, state, advance);
      for (let o = 0; o < convolutionsOf(layer); o++) {
        if (o > 0) multiply(a.inner[o - 1].values, a.z, a.y);
        await filters.write(convolution, 0, prompt + ahead, taps);
        convolver.convolve(a.y, taps, a.z);
        onConvolution?.(convolution, { inputs: a.y, pending: a.z.subarray(prompt * width) });
        advance(prompt);
        convolution++;
      }
    }
    const x = await this.finish(a, prompt - lastRows, prompt, advance);
    return { x, state };
  }

  /**
   * The head over the rows of `x` `[rows, width]`, a chunk at a time; `start` numbers the first row. What it reads comes
   * along if it is wanted, and is empty otherwise.
   */
  async *head(
    x: Float32Array,
    { hidden: wanted = true }: { readonly hidden?: boolean } = {},
  ): AsyncGenerator<LogitsChunk> {
    const { width, vocabulary } = this.model;
    const rows = x.length / width;
    const most = Math.min(rows, Math.max(1, Math.min(ROWS, Math.floor(LOGITS / vocabulary))));
    const logits = new Float32Array(most * vocabulary);
    const hidden = new Float32Array(wanted ? most * width : 0);
    const graph = await this.graph('head', rows);
    for (let start = 0; start < rows; start += most) {
      const end = Math.min(rows, start + most);
      const n = end - start;
      const chunk = {
        start,
        rows: n,
        logits: logits.subarray(0, n * vocabulary),
        hidden: hidden.subarray(0, n * width),
      };
      await runGraph(
        graph,
        { x: this.tensor(x.subarray(start * width, end * width), width) },
        {
          logits: this.tensor(chunk.logits, vocabulary),
          ...(wanted && { hidden: this.tensor(chunk.hidden, width) }),
        },
      );
      yield chunk;
    }
  }

  async close(): Promise<void> {
    const graphs = [...this.graphs.values()];
    this.graphs.clear();
    await Promise.allSettled(graphs.map(async (graph) => (await graph).session.release()));
  }

  /** Ends the layer before, if there is one, and goes as far as this layer's first convolution's input y. */
  private async startLayer(
    layer: number,
    ids: ArrayLike<number>,
    a: Activations,
    state: StepState,
    advance: (rows: number) => void,
  ): Promise<void> {
    const { width } = this.model;
    const graph = await this.graph(`block${layer}`, ids.length);
    // Of the layer's own part of the state: what was before the rows to come, and what will be after them.
    const carried = this.state.flatMap(({ name, past, places }, tensor) => {
      if (places[layer] < 0) return [];
      const before = state.past(tensor, places[layer]);
      return [{ name, tensor, place: places[layer], past, before, after: before.slice() }];
    });
    // Results go to arrays of their own and are copied: a graph may write one before it has read all inputs.
    const size = Math.min(ids.length, ROWS) * width;
    const out = { x: new Float32Array(size), gate: new Float32Array(size), y: new Float32Array(size) };
    const gates = convolutionsOf(this.model.layers[layer]) - 1;
    const inner = a.inner
      .slice(a.inner.length - gates)
      .map(({ name, values }) => ({ name, values, out: new Float32Array(size) }));
    for (let start = 0; start < ids.length; start += ROWS) {
      const end = Math.min(ids.length, start + ROWS);
      const n = (end - start) * width;
      const feeds = layer === 0 ? this.ids(ids, start, end) : this.rows(a, start, end);
      await runGraph(
        graph,
        {
          ...feeds,
          ...Object.fromEntries(
            carried.map(
              ({ name, before, past }) => [name, this.tensor(before, before.length / past)] as const,
            ),
          ),
        },
        {
          x_out: this.tensor(out.x.subarray(0, n), width),
          gate_out: this.tensor(out.gate.subarray(0, n), width),
          y: this.tensor(out.y.subarray(0, n), width),
          ...Object.fromEntries(
            carried.map(
              ({ name, after, past }) => [`${name}_out`, this.tensor(after, after.length / past)] as const,
            ),
          ),
          ...Object.fromEntries(
            inner.map(({ name, out }) => [name, this.tensor(out.subarray(0, n), width)] as const),
          ),
        },
      );
      a.x.set(out.x.subarray(0, n), start * width);
      a.gate.set(out.gate.subarray(0, n), start * width);
      a.y.set(out.y.subarray(0, n), start * width);
      for (const { values, out } of inner) values.set(out.subarray(0, n), start * width);
      for (const { before, after } of carried) before.set(after);
      advance(end - start);
    }
    for (const { tensor, place, before } of carried) state.setPast(tensor, place, before);
  }

  /** The end of the last layer, for rows `from` to `to`: `[to - from, width]`. */
  private async finish(
    a: Activations,
    from: number,
    to: number,
    advance: (rows: number) => void,
  ): Promise<Float32Array> {
    const { width, layers } = this.model;
    const graph = await this.graph(`block${layers.length}`, to);
    const x = new Float32Array((to - from) * width);
    for (let start = from; start < to; start += ROWS) {
      const end = Math.min(to, start + ROWS);
      const rows = x.subarray((start - from) * width, (end - from) * width);
      await runGraph(graph, this.rows(a, start, end), { x_out: this.tensor(rows, width) });
      advance(end - start);
    }
    return x;
  }

  private rows(a: Activations, start: number, end: number): Feeds {
    const { width } = this.model;
    const part = (all: Float32Array): Feeds[string] =>
      this.tensor(all.subarray(start * width, end * width), width);
    return { x: part(a.x), gate: part(a.gate), z: part(a.z) };
  }

  private ids(ids: ArrayLike<number>, start: number, end: number): Feeds {
    const values = BigInt64Array.from({ length: end - start }, (_, i) => BigInt(ids[start + i]));
    return { ids: new this.runtime.Tensor('int64', values, [values.length]) };
  }

  /** `[rows, columns]` over `data`, not copied. */
  private tensor(data: Float32Array, columns: number): Feeds[string] {
    return new this.runtime.Tensor('float32', data, [data.length / columns, columns]);
  }

  private graph(name: GraphName, rows: number): Promise<Graph> {
    const prepack = this.quantised && rows < PREPACK_BELOW;
    const key = `${name}${prepack ? ', prepacked' : ''}`;
    let graph = this.graphs.get(key);
    if (graph === undefined) {
      graph = this.load(name, prepack);
      this.graphs.set(key, graph);
    }
    return graph;
  }

  private checkPrompt(ids: ArrayLike<number>, ahead: number): void {
    const { context, vocabulary } = this.model;
    if (ids.length === 0) throw new RangeError('a prompt needs at least one token');
    if (!Number.isSafeInteger(ahead) || ahead < 0)
      throw new RangeError(`${ahead} tokens cannot be generated`);
    if (ids.length + ahead > context) {
      throw new RangeError(
        `${ids.length} prompt tokens and ${ahead} more do not fit the model's context of ${context}`,
      );
    }
    for (let t = 0; t < ids.length; t++) checkToken(ids[t], vocabulary);
  }
}

/** `y[i] = a[i] b[i]` over the length of `y`. */
function multiply(a: Float32Array, b: Float32Array, y: Float32Array): void {
  for (let i = 0; i < y.length; i++) y[i] = a[i] * b[i];
}
