/** Runs the step graph: one token of every sequence through the whole model. */
import type { ModelDimensions } from '../bundle/config.js';
import { checkTensor, type Feeds, type Runtime, type Session } from './session.js';
import { runGraph } from './run.js';
import { StepState, type StateTensor } from './state.js';
import type { StepResult } from './types.js';

/** What a state's steps reuse, so that a token allocates next to nothing. */
interface Buffers {
  readonly token: BigInt64Array;
  /** What replaces the state's arrays. */
  readonly next: readonly Float32Array[];
  readonly result: StepResult;
  readonly feeds: Feeds;
  readonly fetches: Feeds;
}

export class Stepper {
  private readonly buffers = new WeakMap<StepState, Buffers>();
  private readonly wantHidden = new WeakSet<StepState>();

  /** @param file names the session's graph in errors */
  constructor(
    private readonly runtime: Runtime,
    private readonly session: Session,
    private readonly model: ModelDimensions,
    private readonly convolutions: number,
    private readonly state: readonly StateTensor[],
    private readonly file: string,
  ) {
    const { width, vocabulary } = model;
    const { inputMetadata, outputMetadata } = session;
    checkTensor(file, inputMetadata, 'token', [1, null]);
    checkTensor(file, inputMetadata, 'pending', [convolutions, null, width]);
    checkTensor(file, outputMetadata, 'logits', [1, null, vocabulary]);
    checkTensor(file, outputMetadata, 'y', [convolutions, null, width]);
    for (const { name, dims } of state) {
      checkTensor(file, inputMetadata, name, withLanes(dims, null));
      checkTensor(file, outputMetadata, `${name}_out`, withLanes(dims, null));
    }
  }

  start(lanes: number, hidden: boolean): StepState {
    if (!Number.isSafeInteger(lanes) || lanes < 1) {
      throw new RangeError(`a batch of ${lanes} sequences is not one`);
    }
    const { width } = this.model;
    const state = new StepState(this.state, lanes, this.convolutions * width);
    if (hidden) {
      checkTensor(this.file, this.session.outputMetadata, 'hidden', [1, null, width]);
      this.wantHidden.add(state);
    }
    return state;
  }

  async step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult> {
    const buffers = this.buffersOf(state);
    this.setTokens(buffers.token, tokens);
    await runGraph(this.session, buffers.feeds, buffers.fetches);
    state.restore(buffers.next);
    return buffers.result;
  }

  close(): Promise<void> {
    return this.session.release();
  }

  private setTokens(target: BigInt64Array, tokens: number | ArrayLike<number>): void {
    const ids = typeof tokens === 'number' ? [tokens] : tokens;
    if (ids.length !== target.length) {
      throw new RangeError(`${ids.length} tokens for ${target.length} sequences`);
    }
    for (let b = 0; b < ids.length; b++) {
      checkToken(ids[b], this.model.vocabulary);
      target[b] = BigInt(ids[b]);
    }
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
    const { arrays, lanes, pending } = state;
    const { Tensor } = this.runtime;
    const { width, vocabulary } = this.model;
    const floats = (data: Float32Array, dims: readonly number[]): Feeds[string] =>
      new Tensor('float32', data, dims);
    const token = new BigInt64Array(lanes);
    const next = arrays.map(({ length }) => new Float32Array(length));
    const logits = new Float32Array(lanes * vocabulary);
    const y = new Float32Array(pending.length);
    const hidden = this.wantHidden.has(state) ? new Float32Array(lanes * width) : undefined;
    /** The state's tensors over `data`, named so. */
    const tensors = (data: readonly Float32Array[], name: (of: string) => string): Feeds =>
      Object.fromEntries(
        this.state.map((tensor, k) => [name(tensor.name), floats(data[k], withLanes(tensor.dims, lanes))]),
      );
    return {
      token,
      next,
      result: { logits, y, ...(hidden && { hidden }) },
      feeds: {
        token: new Tensor('int64', token, [1, lanes]),
        pending: floats(pending, [this.convolutions, lanes, width]),
        ...tensors(arrays, (name) => name),
      },
      fetches: {
        logits: floats(logits, [1, lanes, vocabulary]),
        y: floats(y, [this.convolutions, lanes, width]),
        ...tensors(next, (name) => `${name}_out`),
        ...(hidden && { hidden: floats(hidden, [1, lanes, width]) }),
      },
    };
  }
}

/** The shape of a state's tensor, with so many lanes. */
function withLanes<T>([first, ...rest]: StateTensor['dims'], lanes: T): [number, T, ...number[]] {
  return [first, lanes, ...rest];
}

/** Out of range, an id would read beyond the embeddings. */
export function checkToken(id: number, vocabulary: number): void {
  if (!Number.isSafeInteger(id) || id < 0 || id >= vocabulary) {
    throw new RangeError(`token ${id} is not in the vocabulary, 0 to ${vocabulary - 1}`);
  }
}
