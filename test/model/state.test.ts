/** What a model carries from token to token, whatever it is. */
import { StepState, type StateTensor } from '../../src/model/state.js';

const TENSORS: readonly StateTensor[] = [
  { name: 'inputs', dims: [3, 2, 5] },
  { name: 'poles', dims: [1, 4] },
  { name: 'sum', dims: [2] },
];

/** Every value another, and none of them zero. */
function numbered(lanes: number): StepState {
  const state = new StepState(TENSORS, lanes, 1);
  let next = 1;
  for (const array of state.arrays) array.forEach((_, i) => (array[i] = next++));
  return state;
}

/** Element `i` of the first axis, lane by lane. */
const lanesOf = (state: StepState, k: number, i: number): number[][] => {
  const part = [...state.part(k, i)];
  const size = part.length / state.lanes;
  return Array.from({ length: state.lanes }, (_, lane) => part.slice(lane * size, (lane + 1) * size));
};

/** Every tensor and element of its first axis. */
const EACH = TENSORS.flatMap(({ dims }, k) => Array.from({ length: dims[0] }, (_, i) => [k, i] as const));

test('lanes come second in every tensor', () => {
  const state = new StepState(TENSORS, 2, 7);
  expect(state.arrays.map(({ length }) => length)).toEqual([60, 8, 4]);
  expect(state.pending).toHaveLength(14);
});

test('a lane is cleared, and no other', () => {
  const state = numbered(3);
  const before = numbered(3);
  state.clearLane(1);
  for (const [k, i] of EACH) {
    const [first, , third] = lanesOf(before, k, i);
    expect(lanesOf(state, k, i)).toEqual([first, first.map(() => 0), third]);
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
  expect(() => state.copyLane(0, new StepState(TENSORS.slice(1), 1, 1))).toThrow(RangeError);
});
