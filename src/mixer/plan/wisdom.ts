/** What tiles cost on this machine: measured once, kept for later runs, as FFTW keeps its wisdom. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { COSTS, type CostTable } from './costs.js';

/** Of the file, and of what its figures mean: another one measures anew. */
const VERSION = 1;

interface Kept {
  readonly version: number;
  readonly cpu: string;
  readonly node: string;
  readonly date: string;
  readonly costs: CostTable;
}

/** `$XDG_CACHE_HOME/flashinf/costs.json`, by default in `~/.cache`. */
export function costsFile(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'flashinf', 'costs.json');
}

let known: CostTable | undefined;

/** Costs measured on this machine under this major version of Node, or where there are none, the built-in ones. */
export function machineCosts(): CostTable {
  known ??= readCosts() ?? COSTS;
  return known;
}

/** What is kept for this machine; undefined if there is nothing, or nothing usable. */
export function readCosts(): CostTable | undefined {
  try {
    const kept = JSON.parse(
      readFileSync(costsFile(), 'utf8'),
      (_, value: unknown) => value ?? Infinity,
    ) as Kept;
    const same = kept.version === VERSION && kept.cpu === cpu() && kept.node === node();
    return same && isTable(kept.costs) ? kept.costs : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps costs for later runs. */
export function keepCosts(costs: CostTable): void {
  const file = costsFile();
  const kept: Kept = { version: VERSION, cpu: cpu(), node: node(), date: new Date().toISOString(), costs };
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}`;
  // JSON writes Infinity as null.
  writeFileSync(part, JSON.stringify(kept, null, 1) + '\n');
  renameSync(part, file);
  known = costs;
}

/** Rows of numbers by fan-out, a fan-out of 2 among them, from which plans can be made. */
function isTable(costs: unknown): costs is CostTable {
  const isRow = (row: unknown): boolean => Array.isArray(row) && row.length > 0 && row.every(isCost);
  const isLevels = (levels: unknown): boolean =>
    typeof levels === 'object' &&
    levels !== null &&
    '2' in levels &&
    Object.entries(levels).every(
      ([fanOut, row]) => Number.isInteger(Math.log2(Number(fanOut))) && isRow(row),
    );
  const { direct, fft } = (costs ?? {}) as Partial<CostTable>;
  return isLevels(direct) && isLevels(fft);
}

const isCost = (cost: unknown): boolean => typeof cost === 'number' && cost > 0;
const cpu = (): string => cpus()[0]?.model.trim() ?? 'unknown';
const node = (): string => process.version.split('.')[0];
