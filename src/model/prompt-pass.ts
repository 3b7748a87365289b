/** A whole prompt through the model at once: dense layers in chunks of rows, one convolution per layer between. */
import { OfflineConvolver } from '../mixer/offline.js';
import { innerGate } from '../hyena/block-graph.js';
import { blockFile, HEAD_FILE, type ModelDimensions } from '../bundle/config.js';
import type { Feeds, Runtime, Session } from './session.js';
import type { FilterEvaluator } from './taps.js';
import { runGraph } from './run.js';
import type { StepState } from './state.js';
import { checkToken } from './stepper.js';
import type { ConvolutionStart, LogitsChunk, Progress } from './types.js';

/** Rows per call: enough for the matrix kernels' full speed, few enough to bound what ONNX Runtime holds. */
const ROWS = 1024;

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
  private readonly sessions = new Map<string, Promise<Session>>();

  /**
   * @param start makes the state of one sequence at position 0
   * @param load creates the session of a file of the bundle; called when a prompt first needs it
   */
  constructor(
    private readonly runtime: Runtime,
    private readonly model: ModelDimensions,
    private readonly start: () => StepState,
    private readonly load: (file: string) => Promise<Session>,
    private readonly filters: () => Promise<FilterEvaluator>,
  ) {}

  /**
   * All layers over `ids`. Holds five arrays (and one more for each order above 2) of the prompt's length while it runs, and none afterwards but
   * what it returns.
   */
  async run({ ids, ahead, lastRowOnly, onConvolution, onProgress }: OfflineRun): Promise<OfflineResult> {
    const { layers, width, order } = this.model;
    const prompt = ids.length;
    this.checkPrompt(ids, ahead);
    const lastRows = lastRowOnly ? 1 : prompt;
    const total = order * layers * prompt + lastRows;
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
      inner: Array.from({ length: order - 2 }, (_, k) => ({
        name: innerGate(order - 2 - k),
        values: new Float32Array(prompt * width),
      })),
    };

    const convolver = new OfflineConvolver({ width, prompt, ahead });
    for (let layer = 0; layer < layers; layer++) {
      await this.startLayer(layer, ids, a, state, advance);
      for (let o = 0; o < order - 1; o++) {
        if (o > 0) multiply(a.inner[o - 1].values, a.z, a.y);
        const convolution = layer * (order - 1) + o;
        await filters.write(convolution, 0, prompt + ahead, taps);
        convolver.convolve(a.y, taps, a.z);
        onConvolution?.(convolution, { inputs: a.y, pending: a.z.subarray(prompt * width) });
        advance(prompt);
      }
    }
    const x = await this.finish(a, prompt - lastRows, prompt, advance);
    return { x, state };
  }

  /** The head over the rows of `x` `[rows, width]`, a chunk at a time; `start` numbers the first row. */
  async *head(x: Float32Array, onProgress?: Progress): AsyncGenerator<LogitsChunk> {
    const { width, vocabulary } = this.model;
    const rows = x.length / width;
    const most = Math.min(rows, Math.max(1, Math.min(ROWS, Math.floor(LOGITS / vocabulary))));
    const logits = new Float32Array(most * vocabulary);
    const hidden = new Float32Array(most * width);
    const session = await this.session(HEAD_FILE);
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
        session,
        { x: this.tensor(x.subarray(start * width, end * width), width) },
        { logits: this.tensor(chunk.logits, vocabulary), hidden: this.tensor(chunk.hidden, width) },
      );
      yield chunk;
      onProgress?.(end, rows);
    }
  }

  async close(): Promise<void> {
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    await Promise.allSettled(sessions.map(async (session) => (await session).release()));
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
    const session = await this.session(blockFile(layer));
    const short = state.part(0, layer);
    const channels = short.length / 2;
    const stateOut = new Float32Array(short.length);
    // Results go to arrays of their own and are copied: a graph may write one before it has read all inputs.
    const size = Math.min(ids.length, ROWS) * width;
    const out = { x: new Float32Array(size), gate: new Float32Array(size), y: new Float32Array(size) };
    const inner = a.inner.map(({ name, values }) => ({ name, values, out: new Float32Array(size) }));
    for (let start = 0; start < ids.length; start += ROWS) {
      const end = Math.min(ids.length, start + ROWS);
      const n = (end - start) * width;
      const feeds = layer === 0 ? this.ids(ids, start, end) : this.rows(a, start, end);
      await runGraph(
        session,
        { ...feeds, state: this.tensor(short, channels) },
        {
          x_out: this.tensor(out.x.subarray(0, n), width),
          gate_out: this.tensor(out.gate.subarray(0, n), width),
          y: this.tensor(out.y.subarray(0, n), width),
          state_out: this.tensor(stateOut, channels),
          ...Object.fromEntries(
            inner.map(({ name, out }) => [name, this.tensor(out.subarray(0, n), width)] as const),
          ),
        },
      );
      a.x.set(out.x.subarray(0, n), start * width);
      a.gate.set(out.gate.subarray(0, n), start * width);
      a.y.set(out.y.subarray(0, n), start * width);
      for (const { values, out } of inner) values.set(out.subarray(0, n), start * width);
      short.set(stateOut);
      advance(end - start);
    }
  }

  /** The end of the last layer, for rows `from` to `to`: `[to - from, width]`. */
  private async finish(
    a: Activations,
    from: number,
    to: number,
    advance: (rows: number) => void,
  ): Promise<Float32Array> {
    const { width, layers } = this.model;
    const session = await this.session(blockFile(layers));
    const x = new Float32Array((to - from) * width);
    for (let start = from; start < to; start += ROWS) {
      const end = Math.min(to, start + ROWS);
      const rows = x.subarray((start - from) * width, (end - from) * width);
      await runGraph(session, this.rows(a, start, end), { x_out: this.tensor(rows, width) });
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

  private session(file: string): Promise<Session> {
    let session = this.sessions.get(file);
    if (session === undefined) {
      session = this.load(file);
      this.sessions.set(file, session);
    }
    return session;
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
