import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  COSTS,
  costsFile,
  flatPlan,
  keepCosts,
  machineCosts,
  makeCostsFolder,
  planFor,
  readCosts,
} from '../../src/mixer/index.js';
import { checkPlan } from '../../src/mixer/plan/check.js';

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
  fft: { 2: [Infinity, Infinity, Infinity, Infinity, 9, 9] },
};

test('costs are kept for this machine alone, and nothing but a table of costs is one', () => {
  expect(readCosts()).toBeUndefined();
  expect(machineCosts()).toBe(COSTS);
  keepCosts(COSTLY);
  expect(readCosts()).toEqual(COSTLY);
  expect(machineCosts()).toEqual(COSTLY);
  expect(planFor(64, machineCosts()).levels).toEqual([{ kind: 'direct', side: 1, fanOut: 64 }]);
  expect(planFor(64)).toEqual(planFor(64, COSTS));

  const kept = JSON.parse(readFileSync(costsFile(), 'utf8')) as Record<string, unknown>;
  for (const [field, value] of [
    ['cpu', 'another'],
    ['node', 'v1'],
    ['version', 0],
    ['costs', { ...COSTLY, fft: {} }],
    ['costs', { ...COSTLY, direct: { 2: [1, -1] } }],
    ['costs', { ...COSTLY, direct: { 2: [1], 3: [1] } }],
    ['costs', { ...COSTLY, direct: { 2: [1], 1: [1] } }],
    ['costs', { ...COSTLY, direct: { 2: [1], 0.5: [1] } }],
    ['costs', { ...COSTLY, fft: { 2: [1], 16: [1] } }],
    ['costs', { ...COSTLY, fft: { 2: ['1'] } }],
    ['costs', null],
  ] as const) {
    writeFileSync(costsFile(), JSON.stringify({ ...kept, [field]: value }));
    expect(readCosts()).toBeUndefined();
  }
  for (const text of ['', '{', 'null', '[]']) {
    writeFileSync(costsFile(), text);
    expect(readCosts()).toBeUndefined();
  }
  const replaced = (make: () => void): void => {
    rmSync(costsFile(), { recursive: true, force: true });
    make();
    expect(readCosts()).toBeUndefined();
  };
  replaced(() => writeFileSync(costsFile(), JSON.stringify({ ...kept, padding: ' '.repeat(1 << 17) })));
  replaced(() => symlinkSync('/dev/zero', costsFile()));
  replaced(() => execFileSync('mkfifo', [costsFile()]));
  replaced(() => rmSync(dirname(costsFile()), { recursive: true }));
});

test('a table in which transforms cost nothing makes plans that can be carried out all the same', () => {
  const cheap = { direct: { 2: [9] }, fft: { 2: [1e-9], 4: [1e-9] } };
  for (const length of [2, 100, 5000]) {
    expect(() => checkPlan(planFor(length, cheap), length)).not.toThrow();
    expect(() => checkPlan(flatPlan(length, cheap), length)).not.toThrow();
  }
});

test('a folder that cannot be made is said to be so', () => {
  process.env['XDG_CACHE_HOME'] = '/proc/no/such';
  expect(() => makeCostsFolder()).toThrow(/ENOENT|EACCES|EPERM/);
});
