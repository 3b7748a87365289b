/** Runs the step graph: one token of every sequence through the whole model. */
import type { ModelDimensions } from '../bundle/config.js';
import { checkTensor, type Feeds, type Runtime, type Session } from './session.js';
import { runGraph } from './run.js';
import { StepState } from './state.js';
import type { StepResult } from './types.js';

/** What a state's steps reuse, so that a token allocates next to nothing. */
interface Buffers {
  readonly token: BigInt64Array;
  readonly pending: Float32Array;
  readonly stateOut: Float32Array;
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
    private readonly mixers: number,
    private readonly file: string,
  ) {
    const { layers, order, width, vocabulary } = model;
    const channels = (order + 1) * width;
    checkTensor(file, session.inputMetadata, 'token', [1, null]);
    checkTensor(file, session.inputMetadata, 'pending', [mixers, null, width]);
    checkTensor(file, session.inputMetadata, 'state', [layers, null, 2, channels]);
    checkTensor(file, session.outputMetadata, 'logits', [1, null, vocabulary]);
    checkTensor(file, session.outputMetadata, 'y', [mixers, null, width]);
    checkTensor(file, session.outputMetadata, 'state_out', [layers, null, 2, channels]);
  }

  start(batch: number, hidden: boolean): StepState {
    if (!Number.isSafeInteger(batch) || batch < 1) {
      throw new RangeError(`a batch of ${batch} sequences is not one`);
    }
    const { layers, width, order } = this.model;
    const state = new StepState(layers, batch, width, order);
    if (hidden) {
      checkTensor(this.file, this.session.outputMetadata, 'hidden', [1, null, width]);
      this.wantHidden.add(state);
    }
    return state;
  }

  async step(
    state: StepState,
    tokens: number | ArrayLike<number>,
    pending: Float32Array,
  ): Promise<StepResult> {
    const buffers = this.buffersOf(state);
    this.setTokens(buffers.token, tokens);
    // Copied because ONNX Runtime takes no shared memory, where a mixer's sums may live.
    buffers.pending.set(pending);
    await runGraph(this.session, buffers.feeds, buffers.fetches);
    state.short.set(buffers.stateOut);
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

  private allocate(sequences: StepState): Buffers {
    const { short, batch } = sequences;
    const { Tensor } = this.runtime;
    const { layers, width, vocabulary } = this.model;
    const shapes = {
      pending: [this.mixers, batch, width],
      state: [layers, batch, 2, short.length / (layers * batch * 2)],
      logits: [1, batch, vocabulary],
    };
    const token = new BigInt64Array(batch);
    const pending = new Float32Array(this.mixers * batch * width);
    const stateOut = new Float32Array(short.length);
    const logits = new Float32Array(batch * vocabulary);
    const y = new Float32Array(pending.length);
    const hidden = this.wantHidden.has(sequences) ? new Float32Array(batch * width) : undefined;
    return {
      token,
      pending,
      stateOut,
      result: { logits, y, ...(hidden && { hidden }) },
      feeds: {
        token: new Tensor('int64', token, [1, batch]),
        pending: new Tensor('float32', pending, shapes.pending),
        state: new Tensor('float32', short, shapes.state),
      },
      fetches: {
        logits: new Tensor('float32', logits, shapes.logits),
        y: new Tensor('float32', y, shapes.pending),
        state_out: new Tensor('float32', stateOut, shapes.state),
        ...(hidden && { hidden: new Tensor('float32', hidden, [1, batch, width]) }),
      },
    };
  }
}

/** Out of range, an id would read beyond the embeddings. */
export function checkToken(id: number, vocabulary: number): void {
  if (!Number.isSafeInteger(id) || id < 0 || id >= vocabulary) {
    throw new RangeError(`token ${id} is not in the vocabulary, 0 to ${vocabulary - 1}`);
  }
}
