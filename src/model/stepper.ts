/** Runs the step graph: one token of every sequence through the whole model. */
import type { ModelDimensions } from '../bundle/index.js';
import { convolutions, type StackedState, stateOf } from '../layers/index.js';
import { type Step, stepApart, stepsAlike } from './lanes-apart.js';
import { runGraph, type Graph } from './run.js';
import type { Feeds } from './session.js';
import { StepState } from './state.js';
import type { Steps } from './steps.js';
import { checkLanes, checkTokens } from './token.js';
import type { StepResult } from './types.js';

/** What a state's steps reuse, so that a token allocates next to nothing. */
interface Buffers {
  readonly token: BigInt64Array;
  readonly result: StepResult;
  readonly feeds: Feeds;
  readonly fetches: Feeds;
  /** The tensor over each of the state's arrays. */
  readonly tensors: ReadonlyMap<Float32Array, Feeds[string]>;
}

export class Stepper implements Steps {
  private readonly buffers = new WeakMap<StepState, Buffers>();
  private readonly state: readonly StackedState[];
  private readonly convolutions: number;
  /** By lanes side by side: whether they get other bits than one alone. */
  private readonly apart = new Map<number, boolean>();
  /** What lanes go through one by one, by the state they are of. */
  private readonly alone = new WeakMap<StepState, StepState>();

  /** @param mayDiffer whether kernels may round several lanes otherwise than one: those for quantised weights, and devices' */
  constructor(
    private readonly graph: Graph,
    private readonly model: ModelDimensions,
    private readonly mayDiffer: boolean,
  ) {
    this.state = stateOf(model.layers, model.width);
    this.convolutions = convolutions(model.layers);
  }

  start(lanes: number, hidden: boolean): StepState {
    checkLanes(lanes);
    return new StepState(this.state, lanes, this.convolutions, this.model.width, 'float32', hidden);
  }

  async step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult> {
    const { token, result } = this.buffersOf(state);
    this.setTokens(token, tokens);
    if (state.lanes === 1 || !this.mayDiffer || !(await this.goApart(state.lanes))) {
      return this.together(state);
    }
    await stepApart(state, Array.from(token, Number), this.aloneOf(state), this.stepOf, result);
    return result;
  }

  /** All lanes at once. */
  private readonly together = async (state: StepState): Promise<StepResult> => {
    const { feeds, fetches, tensors, result } = this.buffersOf(state);
    for (const [k, { name, past }] of this.state.entries()) {
      fetches[`${name}_0`] = tensors.get(state.array(k, 0))!;
      for (let age = 1; age <= past; age++) feeds[`${name}_${age}`] = tensors.get(state.array(k, age))!;
    }
    await runGraph(this.graph, feeds, fetches);
    state.advance();
    return result;
  };

  private readonly stepOf: Step = (state, tokens) => {
    this.setTokens(this.buffersOf(state).token, tokens);
    return this.together(state);
  };

  private async goApart(lanes: number): Promise<boolean> {
    const known = this.apart.get(lanes);
    if (known !== undefined) return known;
    const [state, alone] = [this.start(lanes, false), this.start(1, false)];
    const apart = !(await stepsAlike(state, alone, this.stepOf, this.model.vocabulary));
    this.apart.set(lanes, apart);
    return apart;
  }

  private aloneOf(state: StepState): StepState {
    let alone = this.alone.get(state);
    if (alone === undefined) {
      alone = this.start(1, state.wantHidden);
      this.alone.set(state, alone);
    }
    return alone;
  }

  close(): Promise<void> {
    return this.graph.session.release();
  }

  private setTokens(target: BigInt64Array, tokens: number | ArrayLike<number>): void {
    const ids = typeof tokens === 'number' ? [tokens] : tokens;
    checkTokens(ids, target.length, this.model.vocabulary);
    for (let b = 0; b < ids.length; b++) target[b] = BigInt(ids[b]);
  }

  private buffersOf(state: StepState): Buffers {
    let buffers = this.buffers.get(state);
    if (buffers === undefined) {
      buffers = this.allocate(state);
      this.buffers.set(state, buffers);
    }
    return buffers;
  }

  private allocate(state: StepState): Buffers {
    const { lanes, pending } = state;
    const { Tensor } = this.graph.runtime;
    const { width, vocabulary } = this.model;
    const floats = (data: Float32Array, dims: readonly number[]): Feeds[string] =>
      new Tensor('float32', data, dims);
    const token = new BigInt64Array(lanes);
    const logits = new Float32Array(lanes * vocabulary);
    const y = new Float32Array(pending.length);
    const hidden = state.wantHidden ? new Float32Array(lanes * width) : undefined;
    const tensors = new Map<Float32Array, Feeds[string]>();
    for (const [k, { dims, past }] of this.state.entries()) {
      const shape = [dims[0], lanes, ...dims.slice(1)];
      for (let age = 0; age <= past; age++)
        tensors.set(state.array(k, age), floats(state.array(k, age), shape));
    }
    return {
      token,
      result: { logits, y, ...(hidden && { hidden }) },
      feeds: {
        token: new Tensor('int64', token, [1, lanes]),
        pending: floats(pending, [this.convolutions, lanes, width]),
      },
      fetches: {
        logits: floats(logits, [1, lanes, vocabulary]),
        y: floats(y, [this.convolutions, lanes, width]),
        ...(hidden && { hidden: floats(hidden, [1, lanes, width]) }),
      },
      tensors,
    };
  }
}
