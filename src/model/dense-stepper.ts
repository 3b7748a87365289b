/**
 * A step of a Hyena model in our own kernels: one token of every sequence through the whole model, on the CPU. It computes what
 * the step graph does (`layers/step-graph.ts`): ONNX Runtime takes as long to go from node to node as the arithmetic of a small
 * model does, and a product with one row is no faster there.
 */
import { setImmediate } from 'node:timers/promises';
import type { ModelDimensions } from '../bundle/index.js';
import { Dense, FUNCTIONS, readRows, type Rows, writeRows } from '../dense/index.js';
import { addressSpace } from '../format/index.js';
import { type HyenaDimensions, hyenaDimensions } from '../hyena/index.js';
import { type StackedState, stateOf } from '../layers/index.js';
import {
  denseBytes,
  type DenseLayer,
  type DenseNorm,
  type DenseWeights,
  layWeights,
  type StepWeights,
} from './dense-weights.js';
import { StepState } from './state.js';
import type { Steps } from './steps.js';
import { checkLanes, checkTokens } from './token.js';
import type { StepResult } from './types.js';

/** A WebAssembly memory ends at 4 GiB; rows and states need some of it. */
const MOST_BYTES = 3.75 * 2 ** 30;

/** Address space that a process needs for it beside a mixer's memory: each takes some 10 GiB, the program the rest. */
const ADDRESSES = 28 * 2 ** 30;

/** Milliseconds of steps after which the event loop gets a turn. */
const BREATH = 10;

/** Rows that steps of so many lanes work on. */
interface Work {
  readonly x: Rows;
  readonly normalised: Rows;
  /** The projections: gates x_0 .. x_{order-1}, then v, which becomes z. */
  readonly projected: Rows;
  /** What goes into the output projection. */
  readonly gated: Rows;
  readonly branch: Rows;
  readonly hidden: Rows;
  readonly logits: Rows;
  /** `[convolution, lane]`. */
  readonly pending: Rows;
  readonly y: Rows;
  /** The short convolutions' inputs by age, `[layer, lane]`: that of this step first. */
  readonly shorts: readonly [Rows, Rows, Rows];
}

export class DenseStepper implements Steps {
  private readonly results = new WeakMap<StepState, StepResult>();
  private readonly work = new Map<number, Work>();
  private readonly short: StackedState;
  private readonly dimensions: HyenaDimensions;
  private readonly convolutions: number;
  private rested = performance.now();

  private constructor(
    private readonly dense: Dense,
    private readonly weights: DenseWeights,
    private readonly model: ModelDimensions,
  ) {
    this.dimensions = hyenaDimensions(model);
    this.convolutions = weights.rho0.length;
    [this.short] = stateOf(model.layers, model.width);
  }

  /** Whether a model's weights fit into a memory of our kernels. */
  static fits(weights: StepWeights): boolean {
    return denseBytes(weights) <= MOST_BYTES && addressSpace() >= ADDRESSES;
  }

  /** @param threads that share products */
  static async load(weights: StepWeights, model: ModelDimensions, threads: number): Promise<DenseStepper> {
    const dense = new Dense(threads);
    return new DenseStepper(dense, await layWeights(dense, weights, model), model);
  }

  start(lanes: number, hidden: boolean): StepState {
    checkLanes(lanes);
    return new StepState([this.short], lanes, this.convolutions, this.model.width, 'float32', hidden);
  }

  async step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult> {
    const ids = typeof tokens === 'number' ? [tokens] : tokens;
    checkTokens(ids, state.lanes, this.model.vocabulary);
    if (performance.now() - this.rested > BREATH) {
      await setImmediate();
      this.rested = performance.now();
    }
    const result = this.resultOf(state);
    const work = this.workOf(state.lanes);
    this.read(state, ids, work);
    this.run(work, state.lanes);
    this.write(state, result, work);
    state.advance();
    return result;
  }

  close(): Promise<void> {
    return this.dense.close();
  }

  /** The model: from embeddings, pending sums and the past to logits, the convolutions' inputs and the newest of the state. */
  private run(work: Work, lanes: number): void {
    const { dense, dimensions, weights } = this;
    const { inner } = dimensions;
    const { x, normalised, branch, hidden } = work;
    const { kernels } = dense;
    this.normalise(x, weights.layers[0].norm1, normalised, lanes);
    for (const [l, layer] of weights.layers.entries()) {
      this.mix(layer, l, work, lanes);
      this.add(branch, layer.outBias, x, lanes);
      this.normalise(x, layer.norm2, normalised, lanes);
      dense.multiply(normalised, layer.fc1, lanes, hidden);
      kernels.geluTanh(hidden.address, hidden.stride, layer.fc1Bias, lanes, inner);
      dense.multiply(hidden, layer.fc2, lanes, branch);
      this.add(branch, layer.fc2Bias, x, lanes);
      this.normalise(x, weights.layers[l + 1]?.norm1 ?? weights.norm, normalised, lanes);
    }
    dense.multiply(normalised, weights.head, lanes, work.logits);
  }

  /** Hyena's mixer, from normalised rows to `branch`; see `layers/hyena.ts`. */
  private mix({ inProj, short, outProj }: DenseLayer, l: number, work: Work, lanes: number): void {
    const { dense, dimensions, weights } = this;
    const { kernels } = dense;
    const { order, width, activation } = dimensions;
    const { projected, pending, y, gated, shorts } = work;
    dense.multiply(work.normalised, inProj, lanes, projected);
    const own = ({ address, stride }: Rows, row: number): number => address + row * lanes * stride;
    const [newest, newer, older] = shorts.map((rows) => own(rows, l));
    const channels = (order + 1) * width;
    const { stride: apart } = projected;
    kernels.convolveShort(projected.address, apart, short, apart, older, newer, newest, lanes, channels);
    const gate = (o: number): number => projected.address + o * width * 4;
    const z = gate(order);
    for (let o = order - 1, c = l * (order - 1); o >= 1; o--, c++) {
      const [before, input] = [own(pending, c), own(y, c)];
      kernels.convolveLong(z, gate(o), apart, weights.rho0[c], before, input, y.stride, lanes, width);
    }
    kernels.multiply(z, gate(0), apart, gated.address, gated.stride, lanes, width);
    if (activation) {
      kernels.activate(FUNCTIONS.indexOf(activation), gated.address, gated.stride, lanes, width);
    }
    dense.multiply(gated, outProj, lanes, work.branch);
  }

  private normalise(x: Rows, { weight, offset }: DenseNorm, to: Rows, lanes: number): void {
    const { width, normEps } = this.dimensions;
    const { kernels } = this.dense;
    kernels.normalise(x.address, x.stride, weight, offset, normEps, lanes, width, to.address, to.stride);
  }

  /** `x += branch + bias`. */
  private add(branch: Rows, bias: number, x: Rows, lanes: number): void {
    const { width } = this.dimensions;
    this.dense.kernels.addBranch(x.address, x.stride, branch.address, branch.stride, bias, lanes, width);
  }

  /** Takes over what a step starts from. */
  private read(state: StepState, ids: ArrayLike<number>, { x, pending, shorts }: Work): void {
    const { embed } = this.weights;
    for (let lane = 0; lane < state.lanes; lane++) embed(ids[lane], x.values, (lane * x.stride) / 4);
    writeRows(state.pending, pending);
    writeRows(state.array(0, 1), shorts[1]);
    writeRows(state.array(0, 2), shorts[2]);
  }

  /** Hands out what a step leaves. */
  private write(state: StepState, result: StepResult, { logits, y, normalised, shorts }: Work): void {
    readRows(logits, result.logits);
    readRows(y, result.y);
    if (result.hidden) readRows(normalised, result.hidden);
    readRows(shorts[0], state.array(0, 0));
  }

  private resultOf(state: StepState): StepResult {
    let result = this.results.get(state);
    if (result === undefined) {
      const { width, vocabulary } = this.model;
      const floats = (rows: number, columns: number): Float32Array => new Float32Array(rows * columns);
      result = {
        logits: floats(state.lanes, vocabulary),
        y: floats(this.convolutions * state.lanes, width),
        ...(state.wantHidden && { hidden: floats(state.lanes, width) }),
      };
      this.results.set(state, result);
    }
    return result;
  }

  private workOf(lanes: number): Work {
    let work = this.work.get(lanes);
    if (work === undefined) {
      work = this.allocate(lanes);
      this.work.set(lanes, work);
    }
    return work;
  }

  private allocate(lanes: number): Work {
    const { dense, dimensions, convolutions } = this;
    const { order, width, inner, layers, vocabulary } = dimensions;
    const short = (): Rows => dense.rows(layers * lanes, (order + 1) * width);
    return {
      x: dense.rows(lanes, width),
      normalised: dense.rows(lanes, width),
      projected: dense.rows(lanes, (order + 1) * width),
      gated: dense.rows(lanes, width),
      branch: dense.rows(lanes, width),
      hidden: dense.rows(lanes, inner),
      logits: dense.rows(lanes, vocabulary),
      pending: dense.rows(convolutions * lanes, width),
      y: dense.rows(convolutions * lanes, width),
      shorts: [short(), short(), short()],
    };
  }
}
