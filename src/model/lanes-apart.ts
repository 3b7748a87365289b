/**
 * Texts side by side get the bits that each of them gets alone. In float32 the kernels see to that; those for quantised weights
 * round one row as they round several on some processors and for some block sizes, and on others they do not. So it
 * is tried, and where they do not, the lanes of a step go through the graph one after the other.
 */
import type { StepState } from './state.js';
import type { StepResult } from './types.js';

/** A step of a state, which it advances. */
export type Step = (state: StepState, tokens: readonly number[]) => Promise<StepResult>;

/** A step of all lanes, each in `alone`, a state of one lane. */
export async function stepApart(
  state: StepState,
  tokens: readonly number[],
  alone: StepState,
  step: Step,
  result: StepResult,
): Promise<void> {
  const { lanes, tensors, convolutions } = state;
  const rows = (tensor: number): number => tensors[tensor].dims[0];
  for (let lane = 0; lane < lanes; lane++) {
    take(state.pending, alone.pending, convolutions, lanes, lane);
    for (const [tensor, { past }] of tensors.entries()) {
      for (let age = 1; age <= past; age++) {
        take(state.array(tensor, age), alone.array(tensor, age), rows(tensor), lanes, lane);
      }
    }
    const own = await step(alone, [tokens[lane]]);
    put(own.logits, result.logits, 1, lanes, lane);
    put(own.y, result.y, convolutions, lanes, lane);
    if (result.hidden) put(own.hidden!, result.hidden, 1, lanes, lane);
    for (const tensor of tensors.keys()) {
      put(alone.array(tensor, 1), state.array(tensor, 0), rows(tensor), lanes, lane);
    }
  }
  state.advance();
}

/** Whether a step of these lanes gives each the bits that it gets alone. Both states are written over. */
export async function stepsAlike(
  state: StepState,
  alone: StepState,
  step: Step,
  vocabulary: number,
): Promise<boolean> {
  const { lanes } = state;
  const tokens = Array.from({ length: lanes }, (_, lane) => (lane * 7919 + 1) % vocabulary);
  for (const [k, array] of [state.pending, ...state.arrays].entries()) {
    for (let i = 0; i < array.length; i++) array[i] = ((((i + k + 1) * 0.6180339887) % 1) - 0.5) * 2;
  }
  const before = state.copy();
  before.pending.set(state.pending);
  const { logits, y } = await step(state, tokens);
  const result = { logits: new Float32Array(logits.length), y: new Float32Array(y.length) };
  await stepApart(before, tokens, alone, step, result);
  return same(result.logits, logits) && same(result.y, y);
}

const same = (a: Float32Array, b: Float32Array): boolean => a.every((value, i) => value === b[i]);

/** Of `[row, lane, ...]`, one lane. */
function take(all: Float32Array, own: Float32Array, rows: number, lanes: number, lane: number): void {
  const size = own.length / rows;
  for (let row = 0; row < rows; row++) {
    const at = (row * lanes + lane) * size;
    own.set(all.subarray(at, at + size), row * size);
  }
}

function put(own: Float32Array, all: Float32Array, rows: number, lanes: number, lane: number): void {
  const size = own.length / rows;
  for (let row = 0; row < rows; row++) {
    all.set(own.subarray(row * size, (row + 1) * size), (row * lanes + lane) * size);
  }
}
