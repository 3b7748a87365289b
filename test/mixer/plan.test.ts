import {
  binaryPlan,
  createMixer,
  fit,
  flatPlan,
  flatPlans,
  foldedPlans,
  isFolded,
  planCost,
  planFor,
  plansFor,
  recomputes,
  type LevelPlan,
  type Plan,
} from '../../src/mixer/index.js';
import { checkPlan } from '../../src/mixer/plan/check.js';

const NEVER = Infinity;

test('the binary plan takes the cheapest implementation of each side', () => {
  const costs = {
    direct: { 2: [1, 1, 2, 4, 8, 3, 10], 4: [0, 0, 0, 0, 0] },
    fft: { 2: [NEVER, NEVER, NEVER, 3, 3, 9, 9] },
  };
  expect(binaryPlan(65, costs)).toEqual({
    length: 65,
    levels: [
      { kind: 'direct', side: 1, fanOut: 2 },
      { kind: 'direct', side: 2, fanOut: 2 },
      { kind: 'direct', side: 4, fanOut: 2 },
      { kind: 'direct', side: 8, fanOut: 2 },
      { kind: 'fft', side: 16 },
      { kind: 'direct', side: 32, fanOut: 2 },
      { kind: 'fft', side: 64 },
    ],
  });
  expect(planFor(1)).toEqual({ length: 1, levels: [] });
});

test('a plan takes the cheapest levels altogether', () => {
  const costs = {
    direct: { 2: [1, 1, 1, 1, 9, 9], 4: [3, 5, 9, 9] },
    fft: { 2: [NEVER, NEVER, NEVER, NEVER, 4, 3, 3, 3], 4: [NEVER, NEVER, NEVER, NEVER, 4, 7] },
  };
  // 1 x 4 costs 3, more than 1 x 2 and 2 x 2; 16 x 4 costs 4, less than 16 x 2 and 32 x 2; the last block is not full.
  const plan = planFor(160, costs);
  expect(plan).toEqual({
    length: 160,
    levels: [
      { kind: 'direct', side: 1, fanOut: 2 },
      { kind: 'direct', side: 2, fanOut: 2 },
      { kind: 'direct', side: 4, fanOut: 2 },
      { kind: 'direct', side: 8, fanOut: 2 },
      { kind: 'fan', side: 16, fanOut: 4 },
      { kind: 'fft', side: 64 },
      { kind: 'fft', side: 128 },
    ],
  });
  expect(planCost(plan, costs)).toBe(1 + 1 + 1 + 1 + 4 + 3 + 3);
  expect(planFor(5, { ...costs, direct: { 8: [1] } }).levels).toEqual([
    { kind: 'direct', side: 1, fanOut: 5 },
  ]);
});

test('plans for every length are valid, and survive JSON', () => {
  for (const length of [1, 2, 3, 4, 5, 100, 131072, 2 ** 20 + 1]) {
    const plan = JSON.parse(JSON.stringify(planFor(length))) as Plan;
    expect(() => checkPlan(plan, length)).not.toThrow();
  }
});

test('plans for less and less memory come to the binary one, then to its spectra', () => {
  for (const length of [2, 1000, 131072]) {
    const plans = plansFor(length);
    expect(planCost(planFor(length))).toBeGreaterThanOrEqual(planCost(plans[0]));
    expect(plans).toContainEqual(planFor(length));
    const kept = plans.filter(({ levels }) => !levels.some(recomputes));
    expect(kept.at(-1)).toEqual(binaryPlan(length));
    expect(plans.slice(0, kept.length)).toEqual(kept);
    for (const [k, { levels }] of plans.slice(kept.length).entries()) {
      expect(levels.filter(recomputes)).toEqual(levels.slice(-k - 1));
    }
    // Of sides 256 to 65,536.
    if (length === 131072) expect(plans.length - kept.length).toBe(9);
    for (let k = 1; k < plans.length; k++) {
      expect(() => checkPlan(plans[k], length)).not.toThrow();
      expect(planCost(plans[k])).toBeGreaterThanOrEqual(planCost(plans[k - 1]) - 1e-9);
    }
  }
});

test('folded plans need half the slots', () => {
  const shape = { convolutions: 18, width: 256, length: 131_072 };
  const plans = foldedPlans(shape.length);
  for (const plan of plans) {
    expect(() => checkPlan(plan, shape.length)).not.toThrow();
    expect(isFolded(plan)).toBe(true);
  }
  const slots = shape.convolutions * shape.width * shape.length * 4;
  const [whole, folded] = [plansFor(shape.length), plans].map(
    (all) => fit({ name: 'tiled', shape, plan: all.at(-1)! }).bytes,
  );
  expect(whole - folded).toBeGreaterThan(0.49 * slots);
  // Taps, half the slots, little else: two arrays and all spectra would be 9.7 GB.
  expect(folded).toBeLessThan(1.7 * slots);
  expect(folded).toBeLessThan(5.5e9);
  const early: Plan = {
    length: 64,
    levels: [
      { kind: 'direct', side: 1, fanOut: 16 },
      { kind: 'folding', side: 16 },
      { kind: 'fft', side: 32 },
    ],
  };
  expect(() => checkPlan(early, 64)).toThrow(/a folding level is the last one/);
  expect(foldedPlans(3)).toEqual([]);
});

test('a flat plan has urgent tiles up to a side, delayed levels above', () => {
  const plan = flatPlan(1700);
  const isFlat = ({ kind }: LevelPlan): boolean => kind === 'delayed';
  expect(plan.levels.filter((level) => !isFlat(level))).toEqual(planFor(64).levels);
  // One tile has side 1,024: what it takes of the filter need not be kept.
  expect(plan.levels.filter(isFlat)).toEqual([
    { kind: 'delayed', side: 64 },
    { kind: 'delayed', side: 256 },
    { kind: 'delayed', side: 1024, recompute: true },
  ]);
  expect(flatPlans(1700)[0]).toEqual(flatPlan(1700));
  expect(flatPlan(1345).levels.at(-1)).toEqual({ kind: 'delayed', side: 1024, recompute: true });
  expect(flatPlan(1344).levels.at(-1)).toEqual({ kind: 'delayed', side: 256 });
  // Sides 256 and 1,024: recomputed from the largest down.
  expect(flatPlans(5000).map(({ levels }) => levels.filter(recomputes).length)).toEqual([0, 1, 2]);
  expect(flatPlan(64)).toEqual(planFor(64));
  expect(flatPlan(5).levels.map(({ side }) => side)).toEqual(
    planFor(64)
      .levels.map(({ side }) => side)
      .filter((side) => side < 5),
  );
  expect(flatPlan(65).levels.at(-1)).toEqual({ kind: 'delayed', side: 64 });
  for (const length of [1, 2, 64, 65, 320, 321, 131072]) {
    expect(() => checkPlan(JSON.parse(JSON.stringify(flatPlan(length))) as Plan, length)).not.toThrow();
  }
  const short = { length: 1700, levels: plan.levels.slice(0, -1) };
  expect(() => checkPlan(short, 1700)).toThrow(
    /above blocks of 64, a flat plan .* delayed levels of sides 64, 256, 1024$/,
  );
});

test('plans that do not fit are refused', async () => {
  const plan = binaryPlan(16);
  expect(() => checkPlan(plan, 17)).toThrow(/for length 16, not 17/);
  expect(() => checkPlan({ ...plan, length: 17 }, 17)).toThrow(/blocks end at 16, before the length 17/);
  expect(() => checkPlan({ ...plan, length: 8 }, 8)).toThrow(/level 3 of the plan begins past the length 8/);
  const swapped = { length: 3, levels: [...binaryPlan(3).levels].reverse() };
  expect(() => checkPlan(swapped, 3)).toThrow(/level 0 of the plan has side 2, expected 1/);
  const of = (fanOut: number, kind: 'direct' | 'fan', first = 1): Plan => ({
    length: 40,
    levels: [
      { kind: 'direct', side: 1, fanOut: first },
      { kind, side: first, fanOut },
    ],
  });
  expect(() => checkPlan(of(20, 'fan', 2), 40)).toThrow(/at least 16 as side, not 2/);
  expect(() => checkPlan(of(8, 'fan', 6), 40)).toThrow(/power of two of at least 16 as side, not 6/);
  expect(() => checkPlan(of(9, 'fan', 16), 40)).toThrow(/fan-out of at most 8, not 9/);
  expect(() => checkPlan(of(1, 'direct', 39), 40)).toThrow(
    /fan-out: expected a whole number from 2 to 40, got 1/,
  );
  expect(() => checkPlan(of(41, 'direct', 8), 40)).toThrow(/fan-out/);
  expect(() => checkPlan(of(2, 'slow' as 'fan', 20), 40)).toThrow(/level 1 .* unknown kind, "slow"/);
  const first: Plan = { length: 2, levels: [{ kind: 'fft', side: 1 }] };
  expect(() => checkPlan(first, 2)).toThrow(/tiles of side 1 are direct, not fft/);
  await expect(
    createMixer({ name: 'tiled', shape: { convolutions: 1, width: 1, length: 8 }, plan }),
  ).rejects.toThrow(/for length 16/);
});

test('anything but a plan is refused, and nothing else happens', () => {
  const level = { kind: 'fft', side: 16 };
  const of = (...levels: unknown[]): unknown => ({ length: 64, levels });
  for (const plan of [
    undefined,
    null,
    7,
    'plan',
    [],
    {},
    { length: 64 },
    { length: 64, levels: {} },
    { length: '64', levels: planFor(64).levels },
    of(null),
    of([]),
    of(1),
    of({}),
    of({ kind: 'toString', side: 1 }),
    of({ kind: 'direct', side: 1 }),
    of({ kind: 'direct', side: 1, fanOut: '64' }),
    of({ kind: 'direct', side: 1, fanOut: 64, recompute: true }),
    of({ kind: 'direct', side: '1', fanOut: 64 }),
    of({ kind: 'direct', side: 1, fanOut: 16 }, { ...level, recompute: false }),
    of({ kind: 'direct', side: 1, fanOut: 16 }, { ...level, fanOut: 4 }),
    of({ kind: 'delayed', side: 1 }),
    of({ kind: 'deferred', side: 16 }),
  ]) {
    expect(() => checkPlan(plan, 64)).toThrow(RangeError);
  }
});
