/** What a model carries from token to token, whatever it is. */
import type { StackedState } from '../../src/layers/state.js';
import { StepState } from '../../src/model/state.js';

const TENSORS: readonly StackedState[] = [
  { name: 'inputs', dims: [3, 5], past: 2, places: [0, 1, 2] },
  { name: 'poles', dims: [1, 4, 2], past: 1, places: [-1, 0, -1] },
  { name: 'sum', dims: [2], past: 1, places: [0, -1, 1] },
];
/** Elements of the first axis of each array that is carried. */
const ROWS = [3, 3, 1, 2];

/** Every value another, and none of them zero. */
function numbered(lanes: number): StepState {
  const state = new StepState(TENSORS, lanes, 1, 1);
  let next = 1;
  for (const array of state.arrays) array.forEach((_, i) => (array[i] = next++));
  return state;
}

/** Element `index` of the first axis of an array, lane by lane. */
function lanesOf(state: StepState, k: number, index: number): number[][] {
  const array = state.arrays[k];
  const size = array.length / (ROWS[k] * state.lanes);
  return Array.from({ length: state.lanes }, (_, lane) => {
    const at = (index * state.lanes + lane) * size;
    return [...array.subarray(at, at + size)];
  });
}

/** Every array and element of its first axis. */
const EACH = ROWS.flatMap((rows, k) => Array.from({ length: rows }, (_, index) => [k, index] as const));

test('lanes come second in every tensor', () => {
  const state = new StepState(TENSORS, 2, 1, 7);
  expect(state.arrays.map(({ length }) => length)).toEqual([30, 30, 16, 4]);
  expect(state.pending).toHaveLength(14);
});

test('a lane is cleared, and no other', () => {
  const state = numbered(3);
  const before = numbered(3);
  state.clearLane(1);
  for (const [k, i] of EACH) {
    const [first, second, third] = lanesOf(before, k, i);
    expect(lanesOf(state, k, i)).toEqual([first, second.map(() => 0), third]);
  }
});

test('a lane takes over a sequence of its own, and no other does', () => {
  const state = numbered(3);
  const before = numbered(3);
  const other = numbered(1);
  state.copyLane(2, other);
  for (const [k, i] of EACH) {
    const [first, second] = lanesOf(before, k, i);
    expect(lanesOf(state, k, i)).toEqual([first, second, ...lanesOf(other, k, i)]);
  }
});

test('a step makes everything one step older, and the oldest makes room', () => {
  const state = numbered(1);
  const [newer, , poles] = state.save();
  state.array(0, 0).fill(-1);
  state.array(1, 0).fill(-2);
  state.advance();
  expect(state.arrays[0].every((value) => value === -1)).toBe(true);
  expect(state.arrays[1]).toEqual(newer);
  expect(state.arrays[2]).toEqual(poles.map(() => -2));
});

test('the past of a layer comes oldest first, and goes back', () => {
  const state = numbered(1);
  const [newer, older] = state.arrays;
  const past = state.past(0, 1);
  expect([...past]).toEqual([...older.subarray(5, 10), ...newer.subarray(5, 10)]);
  const before = state.save();
  state.setPast(0, 1, past);
  expect(state.arrays).toEqual(before);
  state.setPast(0, 2, new Float32Array(10).fill(7));
  expect([...state.past(0, 2)]).toEqual(new Array(10).fill(7));
  expect(state.past(0, 1)).toEqual(past);
});

test('what is saved is a copy, and restores', () => {
  const state = numbered(2);
  const saved = state.save();
  state.clearLane(0);
  expect(state.arrays).not.toEqual(saved);
  state.restore(saved);
  expect(state.arrays).toEqual(saved);
  expect(state.arrays[0]).not.toBe(saved[0]);
});

test('what does not fit is refused', () => {
  const state = numbered(2);
  expect(() => state.restore(state.save().slice(1))).toThrow(RangeError);
  expect(() => state.restore(numbered(1).save())).toThrow('cannot be restored');
  expect(() => state.copyLane(0, numbered(2))).toThrow(RangeError);
  expect(() => state.copyLane(0, new StepState(TENSORS.slice(1), 1, 1, 1))).toThrow(RangeError);
});
