import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { COSTS, costsFile, keepCosts, machineCosts, planFor, readCosts } from '../../src/mixer/index.js';

const folder = mkdtempSync(join(tmpdir(), 'flashinf-'));
const before = process.env['XDG_CACHE_HOME'];
beforeAll(() => (process.env['XDG_CACHE_HOME'] = folder));
afterAll(() => {
  if (before === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = before;
  rmSync(folder, { recursive: true, force: true });
});

/** Costs by which nothing but direct tiles of one level is worth it. */
const COSTLY = {
  direct: { 2: [1, 2, 4, 8, 16, 32], 64: [0.5] },
  fft: { 2: [Infinity, Infinity, 9, 9, 9, 9] },
};

test('costs that are kept are what plans are made from, on this machine alone', () => {
  expect(readCosts()).toBeUndefined();
  expect(machineCosts()).toBe(COSTS);
  keepCosts(COSTLY);
  expect(readCosts()).toEqual(COSTLY);
  expect(machineCosts()).toEqual(COSTLY);
  expect(planFor(64).levels).toEqual([{ side: 1, fanOut: 64, tau: 'direct' }]);

  const kept = JSON.parse(readFileSync(costsFile(), 'utf8')) as Record<string, unknown>;
  for (const [field, value] of [
    ['cpu', 'another'],
    ['node', 'v1'],
    ['version', 0],
    ['costs', { ...COSTLY, fft: {} }],
    ['costs', { ...COSTLY, direct: { 2: [1, -1] } }],
    ['costs', { ...COSTLY, direct: { 2: [1], 3: [1] } }],
    ['costs', null],
  ] as const) {
    writeFileSync(costsFile(), JSON.stringify({ ...kept, [field]: value }));
    expect(readCosts()).toBeUndefined();
  }
  for (const text of ['', '{', 'null', '[]']) {
    writeFileSync(costsFile(), text);
    expect(readCosts()).toBeUndefined();
  }
  rmSync(dirname(costsFile()), { recursive: true });
  expect(readCosts()).toBeUndefined();
});
