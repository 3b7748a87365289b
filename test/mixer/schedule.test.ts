import { sidesOf, tileAfter, tiles, tilesOfSide } from '../../src/mixer/schedule.js';

test('every pair of an input and a later output is in exactly one tile, for every length up to 64', () => {
  for (let length = 1; length <= 64; length++) {
    const covered = new Int32Array(length * length);
    for (const { inputs, outputs } of tiles(length)) {
      for (let i = inputs.from; i < inputs.to; i++) {
        for (let t = outputs.from; t < outputs.to; t++) covered[i * length + t]++;
      }
    }
    covered.forEach((count, pair) => {
      expect(count).toBe(Math.floor(pair / length) < pair % length ? 1 : 0);
    });
  }
});

test('a tile is due once its inputs are known and before its outputs are needed', () => {
  for (const length of [1, 2, 3, 37, 64, 1000]) {
    expect(tileAfter(0, length)).toBeUndefined();
    expect(tileAfter(length, length)).toBeUndefined();
    for (let known = 1; known < length; known++) {
      const tile = tileAfter(known, length);
      expect(tile).toBeDefined();
      expect(tile?.inputs).toEqual({ from: known - (tile?.side ?? 0), to: known });
      expect(tile?.outputs.from).toBe(known);
      expect(tile?.outputs.to).toBeLessThanOrEqual(length);
      expect(known % (tile?.side ?? 0)).toBe(0);
    }
  }
});

test('sides and how often they occur', () => {
  expect(sidesOf(1)).toEqual([]);
  expect(sidesOf(2)).toEqual([1]);
  expect(sidesOf(8)).toEqual([1, 2, 4]);
  expect(sidesOf(9)).toEqual([1, 2, 4, 8]);
  for (const length of [1, 2, 5, 8, 9, 100, 128]) {
    const all = [...tiles(length)].map((tile) => tile.side);
    for (const side of sidesOf(length)) {
      expect(all.filter((s) => s === side)).toHaveLength(tilesOfSide(side, length));
    }
    expect(new Set(all)).toEqual(new Set(sidesOf(length)));
  }
});

/**
 * The general framework: any mixer with associative aggregation and contributions that know nothing of the outputs.
 * Here a linear recurrence s[t] = a[t] s[t-1] + y[t], whose contribution of inputs i..j to output t is found by
 * running the recurrence over them alone and decaying the result up to t.
 */
test('the schedule serves other mixers than convolutions', () => {
  const length = 45;
  const a = Array.from({ length }, (_, t) => 0.5 + ((t * 7) % 5) / 10);
  const y = Array.from({ length }, (_, t) => ((t * 13) % 11) - 5);
  const pending = new Array<number>(length).fill(0);
  let state = 0;
  for (let t = 0; t < length; t++) {
    // read: the pending sum plus the position's own contribution
    state = a[t] * state + y[t];
    expect(pending[t] + y[t]).toBeCloseTo(state, 9);
    const tile = tileAfter(t + 1, length);
    if (tile === undefined) continue;
    let decayed = 0;
    for (let i = tile.inputs.from; i < tile.inputs.to; i++) decayed = a[i] * decayed + y[i];
    for (let o = tile.outputs.from; o < tile.outputs.to; o++) pending[o] += decayed *= a[o];
  }
});
