/** The block graphs, run over the rows of sequences that are known in advance: dense layers, up to each long convolution. */
import type { GraphName, ModelDimensions } from '../bundle/index.js';
import { convolutionsOf, innerGate, type StackedState, stateOf } from '../layers/index.js';
import { type Graph, runGraph } from './run.js';
import type { Feeds } from './session.js';
import type { StepState } from './state.js';
import type { LogitsChunk } from './types.js';

/** Rows per call: enough for the matrix kernels' full speed, few enough to bound what ONNX Runtime holds. */
export const ROWS = 1024;

/**
 * Fewer rows than this are multiplied with quantised weights in the layout that kernels like best. For more, the weights are
 * made float32 again as they are used: by then, that is faster. How a sequence rounds depends on its length alone.
 */
const PREPACK_BELOW = 512;

/** Logits held at a time, in values: 16 MB. */
const LOGITS = 1 << 22;

/** Activations of rows, `[time, width]` each; `z` may reach past them, and be `y`. */
export interface Activations {
  readonly x: Float32Array;
  readonly gate: Float32Array;
  readonly y: Float32Array;
  readonly z: Float32Array;
  /** The gates between a layer's convolutions, in the order of use; none at order 2. */
  readonly inner: readonly { readonly name: string; readonly values: Float32Array }[];
}

/** Rows of one call, `end` excluded. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Rows in parts of so many, the last one of what is left. */
export function partsOf(rows: number, size: number): Part[] {
  return Array.from({ length: Math.ceil(rows / size) }, (_, k) => ({
    start: k * size,
    end: Math.min(rows, (k + 1) * size),
  }));
}

/** What the head is to give besides `start` and `rows`; what it is not to give is empty. */
export interface HeadWishes {
  readonly logits?: boolean;
  readonly hidden?: boolean;
}

export class BlockGraphs {
  private readonly graphs = new Map<string, Promise<Graph>>();
  private readonly state: readonly StackedState[];

  /** @param load loads a graph of the bundle, its weights prepacked or as they are stored; called when it is first needed */
  constructor(
    private readonly model: ModelDimensions,
    private readonly quantised: boolean,
    private readonly load: (name: GraphName, prepack: boolean) => Promise<Graph>,
  ) {
    this.state = stateOf(model.layers, model.width);
  }

  /** Whether sequences of so many rows take prepacked weights: others round otherwise. */
  prepacks(length: number): boolean {
    return this.quantised && length < PREPACK_BELOW;
  }

  /** Names and, for so many rows, arrays of the gates between a layer's convolutions. */
  innerGates(rows: number): Activations['inner'] {
    const { layers, width } = this.model;
    const gates = Math.max(...layers.map(convolutionsOf)) - 1;
    return Array.from({ length: gates }, (_, k) => ({
      name: innerGate(gates - k),
      values: new Float32Array(rows * width),
    }));
  }

  /**
   * Ends the layer before, if there is one, and goes as far as this layer's first convolution's input y. The layer's part of
   * `state` goes from what was before the rows to what is after them.
   *
   * @param prepack see `prepacks`
   * @param onPart called after each part; `keep` writes the layer's part of the state, as it is there, to another one
   */
  async begin(
    layer: number,
    ids: ArrayLike<number>,
    a: Activations,
    state: StepState,
    parts: readonly Part[],
    prepack: boolean,
    onPart: (part: Part, keep: (to: StepState) => void) => void,
  ): Promise<void> {
    const { width } = this.model;
    const graph = await this.graph(`block${layer}`, prepack);
    // Of the layer's own part of the state: what was before the rows to come, and what will be after them.
    const carried = this.state.flatMap(({ name, past, places }, tensor) => {
      if (places[layer] < 0) return [];
      const before = state.past(tensor, places[layer]);
      return [{ name, tensor, place: places[layer], past, before, after: before.slice() }];
    });
    const keep = (to: StepState): void => {
      for (const { tensor, place, before } of carried) to.setPast(tensor, place, before);
    };
    // Results go to arrays of their own and are copied: a graph may write one before it has read all inputs.
    const size = Math.max(...parts.map(({ start, end }) => end - start)) * width;
    const out = { x: new Float32Array(size), gate: new Float32Array(size), y: new Float32Array(size) };
    const gates = convolutionsOf(this.model.layers[layer]) - 1;
    const inner = a.inner
      .slice(a.inner.length - gates)
      .map(({ name, values }) => ({ name, values, out: new Float32Array(size) }));
    for (const part of parts) {
      const { start, end } = part;
      const n = (end - start) * width;
      const feeds = layer === 0 ? this.ids(graph, ids, start, end) : this.rows(graph, a, start, end);
      await runGraph(
        graph,
        {
          ...feeds,
          ...Object.fromEntries(
            carried.map(
              ({ name, before, past }) => [name, tensor(graph, before, before.length / past)] as const,
            ),
          ),
        },
        {
          x_out: tensor(graph, out.x.subarray(0, n), width),
          gate_out: tensor(graph, out.gate.subarray(0, n), width),
          y: tensor(graph, out.y.subarray(0, n), width),
          ...Object.fromEntries(
            carried.map(
              ({ name, after, past }) => [`${name}_out`, tensor(graph, after, after.length / past)] as const,
            ),
          ),
          ...Object.fromEntries(
            inner.map(({ name, out }) => [name, tensor(graph, out.subarray(0, n), width)] as const),
          ),
        },
      );
      a.x.set(out.x.subarray(0, n), start * width);
      a.gate.set(out.gate.subarray(0, n), start * width);
      a.y.set(out.y.subarray(0, n), start * width);
      for (const { values, out } of inner) values.set(out.subarray(0, n), start * width);
      for (const { before, after } of carried) before.set(after);
      onPart(part, keep);
    }
    keep(state);
  }

  /** The end of the last layer, for rows `start` to `end`, to `x` `[end - start, width]`. */
  async end(a: Activations, { start, end }: Part, prepack: boolean, x: Float32Array): Promise<void> {
    const { width, layers } = this.model;
    const graph = await this.graph(`block${layers.length}`, prepack);
    await runGraph(graph, this.rows(graph, a, start, end), { x_out: tensor(graph, x, width) });
  }

  /**
   * The head over the rows of `x` `[rows, width]`, a chunk at a time; `start` numbers the first row. Chunks hold what is wished
   * for.
   */
  async *head(
    x: Float32Array,
    prepack: boolean,
    { logits: wantLogits = false, hidden: wantHidden = false }: HeadWishes,
  ): AsyncGenerator<LogitsChunk> {
    const { width, vocabulary } = this.model;
    const rows = x.length / width;
    const most = Math.min(rows, Math.max(1, Math.min(ROWS, Math.floor(LOGITS / vocabulary))));
    const logits = new Float32Array(wantLogits ? most * vocabulary : 0);
    const hidden = new Float32Array(wantHidden ? most * width : 0);
    const graph = await this.graph('head', prepack);
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
        { x: tensor(graph, x.subarray(start * width, end * width), width) },
        {
          ...(wantLogits && { logits: tensor(graph, chunk.logits, vocabulary) }),
          ...(wantHidden && { hidden: tensor(graph, chunk.hidden, width) }),
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

  private rows(graph: Graph, a: Activations, start: number, end: number): Feeds {
    const { width } = this.model;
    const part = (all: Float32Array): Feeds[string] =>
      tensor(graph, all.subarray(start * width, end * width), width);
    return { x: part(a.x), gate: part(a.gate), z: part(a.z) };
  }

  private ids(graph: Graph, ids: ArrayLike<number>, start: number, end: number): Feeds {
    const values = BigInt64Array.from({ length: end - start }, (_, i) => BigInt(ids[start + i]));
    return { ids: new graph.runtime.Tensor('int64', values, [values.length]) };
  }

  private graph(name: GraphName, prepack: boolean): Promise<Graph> {
    const key = `${name}${prepack ? ', prepacked' : ''}`;
    let graph = this.graphs.get(key);
    if (graph === undefined) {
      graph = this.load(name, prepack);
      this.graphs.set(key, graph);
    }
    return graph;
  }
}

/** `y[i] = a[i] b[i]` over the length of `y`. */
export function multiply(a: Float32Array, b: Float32Array, y: Float32Array): void {
  for (let i = 0; i < y.length; i++) y[i] = a[i] * b[i];
}

/** `[rows, columns]` over `data`, not copied. */
function tensor({ runtime }: Graph, data: Float32Array, columns: number): Feeds[string] {
  return new runtime.Tensor('float32', data, [data.length / columns, columns]);
}
