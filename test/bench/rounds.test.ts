import { type Contender, OutOfTime, Rounds } from '../../src/bench/rounds.js';

/** A clock that only work moves on, and contenders that work on it: as much as expected, times what the machine is slower. */
function machine(
  slower: number,
  costs: readonly number[],
): { clock: () => number; contenders: Contender[]; runs: number[][] } {
  let now = 1000;
  const runs: number[][] = costs.map(() => []);
  const contenders = costs.map((expectedMs, k): Contender => ({
    expectedMs,
    round: (deadline, anew) => {
      const end = now + slower * expectedMs * (anew ? 1 : 0.4);
      now = Math.min(end, deadline);
      if (end > deadline) return Promise.reject(new OutOfTime());
      runs[k].push(now);
      return Promise.resolve();
    },
  }));
  return { clock: () => now, contenders, runs };
}

const COSTS = [300, 200, 100, 2000, 400];

test.each([0.1, 1, 2, 5, 40, 1000])(
  'on a machine %d times as slow as expected, the time given suffices: it is the samples that get fewer',
  async (slower) => {
    const { clock, contenders, runs } = machine(slower, COSTS);
    const rounds = new Rounds(contenders, 15, clock);
    for (const ms of [8000, 2000, 3000]) {
      const begin = clock();
      await rounds.spend(ms);
      expect(clock() - begin).toBeLessThanOrEqual(ms);
    }
    const counts = runs.map(({ length }) => length);
    if (slower <= 1) expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
    if (slower <= 2) expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
    // What is cheap is measured, whatever becomes of the rest.
    if (slower === 5) expect(counts.map((count) => count > 0)).toEqual([true, true, true, false, true]);
    expect(Math.max(...counts)).toBeLessThanOrEqual(15);
  },
);

test('contenders take turns, and whoever was first comes last', async () => {
  const { clock, contenders, runs } = machine(1, [10, 10, 10]);
  await new Rounds(contenders, 4, clock).spend(1000);
  const order = runs
    .flatMap((times, who) => times.map((time) => ({ who, time })))
    .sort((a, b) => a.time - b.time)
    .map(({ who }) => who);
  expect(order).toEqual([0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2]);
});

test('what is wrong with a contender is not taken for a lack of time', async () => {
  const broken: Contender = { expectedMs: 1, round: () => Promise.reject(new Error('wrong sums')) };
  await expect(new Rounds([broken], 3, () => 0).spend(10)).rejects.toThrow('wrong sums');
});
