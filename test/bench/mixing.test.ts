import type { MixingCase } from '../../src/bench/case.js';
import { measureMixing } from '../../src/bench/mixing.js';
import { COSTS } from '../../src/mixer/index.js';

const shape = { convolutions: 2, width: 20, length: 700, lanes: 1 };
const CASES: readonly MixingCase[] = [
  { variant: 'lazy', shape, threads: 1 },
  { variant: 'eager', shape, threads: 1 },
  { variant: 'fan-out', shape, threads: 1 },
  { variant: 'flat', shape: { ...shape, lanes: 3 }, threads: 2 },
];

test.each([false, true])('cases are measured over the whole length, in full: %s', async (full) => {
  let breaths = 0;
  const options = { costs: COSTS, full, samples: 8, budgetMs: 1e6, rounds: 3, series: true, paced: true };
  const rows = await measureMixing(CASES, { ...options, breathe: () => void breaths++ });
  expect(
    rows.map(({ variant, estimated, measuredPositions }) => [variant, estimated, measuredPositions]),
  ).toEqual([
    ['lazy', !full, full ? 700 : 160],
    ['eager', !full, full ? 700 : 160],
    ['fan-out', false, 700],
    ['flat', false, 700],
  ]);
  for (const { coldMs, warmMs, setupMs, curve, tokenUs, agreement, sides, ...row } of rows) {
    const tiled = row.variant === 'fan-out' || row.variant === 'flat';
    expect([warmMs.samples.length, row.pace.length, row.cpuMs.length]).toEqual([3, 3, 3]);
    expect([setupMs.samples.length, coldMs?.samples.length]).toEqual([1, tiled ? 1 : undefined]);
    expect(warmMs.low).toBeLessThanOrEqual(warmMs.median);
    expect(warmMs.high).toBeGreaterThanOrEqual(warmMs.median);
    expect(row.nsPerTokenChannel).toBeCloseTo((warmMs.median * 1e6) / (700 * 40 * row.shape.lanes), 6);
    expect(tokenUs.p50).toBeLessThanOrEqual(tokenUs.max);
    expect(curve.at(-1)!.position).toBe(700);
    expect(agreement.worst).toBeGreaterThan(0);
    expect(agreement.worst).toBeLessThanOrEqual(agreement.bound);
    expect(agreement.positions).toBe(8);
    // Of the numbers 1 to 699, 350 are odd, and 512 is the only multiple of 512; 700 inputs leave no tile to be computed.
    if (tiled)
      expect(sides.map(({ positions }) => positions.length)).toEqual([96, 96, 87, 44, 22, 11, 5, 3, 1, 1]);
    else expect(sides).toEqual([]);
  }
  expect(breaths).toBeGreaterThan(0);
});
