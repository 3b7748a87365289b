import {
  assignTiles,
  binaryLevels,
  deferredLevels,
  flatLevels,
  isDeferred,
  sidesOf,
  sliceAfter,
  slackOf,
  tapsAfter,
  tileAfter,
  tiles,
  tilesOf,
  type FlatLevel,
  type Level,
} from '../../src/mixer/schedule/index.js';
import { levelsTo, Random, randomLevels } from '../support/mixing.js';

/** Checks that every pair of an input and a later output is in exactly one tile. */
function checkCover(length: number, levels: readonly Level[]): void {
  const covered = new Int32Array(length * length);
  for (const { inputs, outputs } of tiles(length, levels)) {
    for (let i = inputs.from; i < inputs.to; i++) {
      for (let t = outputs.from; t < outputs.to; t++) covered[i * length + t]++;
    }
  }
  const wrong = covered.findIndex(
    (count, pair) => count !== (Math.floor(pair / length) < pair % length ? 1 : 0),
  );
  expect({ length, levels, wrong }).toEqual({ length, levels, wrong: -1 });
}

describe('every pair of an input and a later output is in exactly one tile', () => {
  test('of the binary tiling, for every length up to 64', () => {
    for (let length = 1; length <= 64; length++) checkCover(length, binaryLevels(length));
  });

  test('of any tiling, for any length', () => {
    const random = new Random(41);
    for (let trial = 0; trial < 150; trial++) {
      const length = random.int(2, 160);
      checkCover(length, randomLevels(length, random));
    }
  });

  test('of any flat tiling, for any length', () => {
    const random = new Random(45);
    for (let trial = 0; trial < 150; trial++) {
      const side = 2 ** random.int(1, 4);
      const length = random.int(side + 1, 170);
      checkCover(length, [...levelsTo(side, random), ...flatLevels(side, length)]);
    }
  });
});

test('a tile is due once its inputs are known and before its outputs are needed', () => {
  const random = new Random(42);
  for (const length of [1, 2, 3, 37, 64, 1000]) {
    for (const levels of [binaryLevels(length), randomLevels(length, random), randomLevels(length, random)]) {
      expect(tileAfter(0, length, levels)).toBeUndefined();
      expect(tileAfter(length, length, levels)).toBeUndefined();
      for (let known = 1; known < length; known++) {
        const tile = tileAfter(known, length, levels);
        if (tile === undefined) throw new Error('no tile');
        const { side, fanOut } = levels[tile.level];
        const children = (tile.inputs.to - tile.inputs.from) / side;
        expect({ ...tile, whole: Number.isInteger(children) && children >= 1 && children < fanOut }).toEqual({
          level: tile.level,
          side,
          inputs: { from: Math.floor((known - 1) / (side * fanOut)) * side * fanOut, to: known },
          outputs: { from: known, to: Math.min(length, known + side) },
          whole: true,
        });
      }
    }
  }
});

test('a deferred tile has as long as a tile of the next smaller side has outputs, and its slices are done before', () => {
  const random = new Random(46);
  for (let trial = 0; trial < 30; trial++) {
    const side = 2 ** random.int(1, 4);
    const length = random.int(2 * side + 1, 400);
    const levels = [...levelsTo(side, random), ...flatLevels(side, length)];
    for (const tile of tiles(length, levels)) {
      if (!isDeferred(levels[tile.level])) continue;
      const { delay } = levels[tile.level] as FlatLevel;
      expect(tile.outputs.from - tile.inputs.to).toBe(delay);
      // The next smaller side's first tile to the same outputs, and all before it, are due a slack later or never.
      const slack = slackOf(tile.side);
      const below = levels[tile.level - 1] as FlatLevel;
      expect([below.side, below.delay]).toEqual([slack, delay - slack]);
      const units = random.int(1, 50);
      const ends = [0];
      const starts: number[] = [];
      for (let known = tile.inputs.to; known < tile.inputs.to + tile.side; known++) {
        const { from, to } = sliceAfter(known, tile.side, units);
        starts.push(from);
        ends.push(to);
      }
      expect(starts).toEqual(ends.slice(0, -1));
      expect(ends[Math.max(1, Math.floor(0.75 * slack))]).toBe(units);
      expect(ends.at(-1)).toBe(units);
    }
  }
});

test('the taps needed are those that tiles read, and never fewer for more inputs', () => {
  const random = new Random(47);
  for (let trial = 0; trial < 60; trial++) {
    const side = 2 ** random.int(1, 4);
    const length = random.int(side + 1, 500);
    const flat = [...levelsTo(side, random), ...flatLevels(side, length)];
    for (const levels of [binaryLevels(length), randomLevels(length, random), flat]) {
      const rows = 4 * length;
      // The next position's sums take the inputs of its block of the first level.
      let read = levels[0].fanOut;
      let before = 0;
      const reach = new Uint32Array(length + 1);
      for (const { side, inputs, outputs } of tiles(length, levels)) {
        // Whole tiles are computed, those that are clipped too.
        reach[inputs.to] = Math.max(reach[inputs.to], outputs.from + side - inputs.from);
      }
      const wrong: object[] = [];
      for (let known = 0; known < length; known++) {
        read = Math.max(read, reach[known]);
        const needed = tapsAfter(known, rows, levels);
        const few = tapsAfter(known, 10, levels);
        if (needed < read || needed < before || few !== Math.min(10, needed)) {
          wrong.push({ known, needed, read, before, few });
        }
        before = needed;
      }
      expect(wrong).toEqual([]);
    }
  }
});

test('every deferred level is somebody’s to compute, staged only by a thread that has all units', () => {
  for (const length of [10, 100, 1000, 100_000]) {
    const levels = [...binaryLevels(16), ...flatLevels(16, length)];
    const { near, far } = deferredLevels(levels);
    for (const threads of [1, 2, 3, 16]) {
      for (const lanes of [1, 5]) {
        const { inStep, handed, staged } = assignTiles(levels, { threads, lanes });
        expect([...inStep, ...handed, ...staged].sort((a, b) => a - b)).toEqual([...near, ...far]);
        if (far.length === 0) expect([...handed, ...staged]).toEqual([]);
        if (threads > 2 || lanes > 1) expect(staged).toEqual([]);
        // Near tiles are due soon: nobody is woken for them alone.
        if (staged.length === 0) expect(inStep).toEqual(near);
      }
    }
  }
});

test('binary tiles are the squares of the paper', () => {
  for (const { side, inputs } of tiles(1000)) {
    expect(side).toBe(inputs.to & -inputs.to);
    expect(inputs.from).toBe(inputs.to - side);
  }
});

test('sides and how often they occur', () => {
  expect(sidesOf(1)).toEqual([]);
  expect(sidesOf(2)).toEqual([1]);
  expect(sidesOf(8)).toEqual([1, 2, 4]);
  expect(sidesOf(9)).toEqual([1, 2, 4, 8]);
  const random = new Random(43);
  for (const length of [1, 2, 5, 8, 9, 100, 128, 999]) {
    const flat =
      length > 8 ? [...levelsTo(8, random), ...flatLevels(8, length)] : randomLevels(length, random);
    for (const levels of [binaryLevels(length), randomLevels(length, random), flat]) {
      const all = [...tiles(length, levels)].map((tile) => tile.level);
      levels.forEach((level, k) => {
        expect(all.filter((index) => index === k)).toHaveLength(tilesOf(level, length));
      });
    }
  }
});

/**
 * The general framework: any mixer with associative aggregation and contributions that know nothing of the outputs.
 * Here a linear recurrence s[t] = a[t] s[t-1] + y[t], whose contribution of inputs i..j to output t is found by
 * running the recurrence over them alone and decaying the result up to t.
 */
test('the schedule serves other mixers than convolutions', () => {
  const length = 45;
  const levels = randomLevels(length, new Random(44));
  const a = Array.from({ length }, (_, t) => 0.5 + ((t * 7) % 5) / 10);
  const y = Array.from({ length }, (_, t) => ((t * 13) % 11) - 5);
  const pending = new Array<number>(length).fill(0);
  let state = 0;
  for (let t = 0; t < length; t++) {
    // read: the pending sum plus the position's own contribution
    state = a[t] * state + y[t];
    expect(pending[t] + y[t]).toBeCloseTo(state, 9);
    const tile = tileAfter(t + 1, length, levels);
    if (tile === undefined) continue;
    let decayed = 0;
    for (let i = tile.inputs.from; i < tile.inputs.to; i++) decayed = a[i] * decayed + y[i];
    for (let o = tile.outputs.from; o < tile.outputs.to; o++) pending[o] += decayed *= a[o];
  }
});
