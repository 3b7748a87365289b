/** A whole run: what is measured, in which order, for how long. */
import { MemoryError } from '../format/index.js';
import { checkMemory, type Loaded } from '../generation/index.js';
import { type CostTable, measureBandwidth, measureCosts } from '../mixer/index.js';
import { Budget } from './budget.js';
import { crossing } from './crossover.js';
import { estimate } from './estimate.js';
import {
  type BenchShape,
  measureMixing,
  type MixingCase,
  type MixingOptions,
  type MixingRow,
  recipeOf,
} from './mixing.js';
import { provenance, type Provenance } from './provenance.js';
import {
  type BenchReport,
  type EndToEndReport,
  type LengthRow,
  type MemoryRow,
  REPORT_FORMAT,
  REPORT_VERSION,
  type Validation,
} from './report.js';
import { measureTexts } from './texts.js';
import { isTiling, type Variant, VARIANTS } from './variants.js';

/** What to measure. */
export interface BenchRequest {
  readonly variants: readonly Variant[];
  /** All combinations, one after the other; the first length's go on to shorter ones. */
  readonly shapes: readonly BenchShape[];
  /** Threads that the tiled variants are measured with as well; 1: no others. */
  readonly threads: number;
  /** The model's texts: their length, and with how many side by side. Left out: mixing alone. */
  readonly texts?: {
    readonly loaded: Loaded;
    readonly length: number;
    readonly lanes: readonly number[];
    readonly loadFor: (lanes: number) => Promise<Loaded>;
  };
  readonly samples: number;
  readonly full: boolean;
  readonly memory: number | undefined;
  readonly seed: number;
  readonly budgetMs: number;
  readonly costs: CostTable;
  readonly about: Pick<Provenance, 'version' | 'command' | 'costs'>;
}

export interface BenchHooks {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with ms spent, and ms expected in all. What it throws ends the run. */
  readonly onProgress?: (spent: number, expected: number) => void;
}

/** Shares of the time, in the order of the phases. */
const WEIGHTS = { bandwidth: 1, mixing: 34, lengths: 9, validation: 11, tiles: 4, texts: 40, after: 1 };
/** A process that had less of a core than this was not alone. */
const ALONE = 0.95;
/** Drift of the bandwidth that is worth a word. */
const DRIFT = 0.1;
/** Far more than any cache holds. */
const BANDWIDTH_BYTES = 2 ** 28;
/** Shorter lengths have no tiles worth a picture, and no estimate worth a proof. */
const WORTH_VALIDATING = 4096;
const LONGEST_VALIDATED = 16384;
const SHORTEST = 16;

export async function runBench(request: BenchRequest, hooks: BenchHooks): Promise<BenchReport> {
  const { shapes, budgetMs, costs, texts, full } = request;
  const about = provenance(request.about);
  const budget = new Budget(budgetMs, { ...WEIGHTS, texts: texts ? WEIGHTS.texts : 0 });
  const breathe = (): void => {
    hooks.signal?.throwIfAborted();
    hooks.onProgress?.(Math.min(budget.spent, 0.99 * budgetMs), budgetMs);
  };
  breathe();
  const common = { costs, samples: request.samples, seed: request.seed, memory: request.memory, breathe };
  const { cases, leftOut } = affordable(request);
  const longest = Math.max(...shapes.map(({ length }) => length));
  const first = shapes.find(({ length }) => length === longest)!;

  const bytes = Math.min(BANDWIDTH_BYTES, Math.max(2 ** 20, 8 * longest * first.width * first.convolutions));
  const before = await measureBandwidth(bytes, Math.min(1000, budget.begin('bandwidth')));
  const mixing = await measureMixing(cases, {
    ...common,
    full,
    series: true,
    budgetMs: budget.begin('mixing'),
  });

  const lengths = await shorter(request, first, { ...common, budgetMs: budget.begin('lengths') });
  const validation = await validate(mixing, request, first, {
    ...common,
    budgetMs: budget.begin('validation'),
  });
  const tilesMs = budget.begin('tiles');
  const tiles =
    longest >= WORTH_VALIDATING ? await measureTiles(longest, tilesMs, hooks.signal, breathe) : null;
  let endToEnd: EndToEndReport | null = null;
  if (texts) {
    const { loaded, length, lanes, loadFor } = texts;
    const how = { ...common, length, lanes, loadFor, full, threads: request.threads, signal: hooks.signal };
    endToEnd = await measureTexts(loaded, { ...how, budgetMs: budget.begin('texts') });
  }
  const after = await measureBandwidth(bytes, Math.min(1000, budget.begin('after')));
  hooks.onProgress?.(1, 1);
  const points = [
    ...lengths,
    ...mixing.filter((row) => sameButLength(row.shape, first) && row.threads === 1),
  ];
  return {
    format: REPORT_FORMAT,
    version: REPORT_VERSION,
    provenance: about,
    budgetMs,
    tookMs: budget.spent,
    bandwidth: { before, after },
    mixing,
    lengths,
    crossover: {
      mixing: Object.fromEntries(
        request.variants
          .filter(isTiling)
          .map((variant) => [variant, crossing(times(points, 'lazy'), times(points, variant))]),
      ),
      endToEnd: crossing(
        (endToEnd?.short ?? []).map(({ length, lazyMs }) => [length, lazyMs.median]),
        (endToEnd?.short ?? []).map(({ length, flatMs }) => [length, flatMs.median]),
      ),
    },
    validation,
    tiles,
    memory: memoryByLength(request, first),
    endToEnd,
    leftOut,
    warnings: warnings(mixing, before.median, after.median),
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

const sameButLength = (a: BenchShape, b: BenchShape): boolean =>
  a.convolutions === b.convolutions && a.width === b.width && a.lanes === b.lanes;

const times = (rows: readonly LengthRow[], wanted: Variant): [length: number, ms: number][] =>
  rows.filter(({ variant }) => variant === wanted).map(({ shape, warmMs }) => [shape.length, warmMs.median]);

/** Every variant at every size, on one thread, and our tilings on all; those that do not fit are left out, unless none does. */
function affordable({ variants, shapes, threads, costs, memory }: BenchRequest): {
  cases: MixingCase[];
  leftOut: BenchReport['leftOut'];
} {
  const all = shapes.flatMap((shape) =>
    [1, threads].flatMap((threads, k) =>
      variants
        .filter((variant) => k === 0 || (threads > 1 && isTiling(variant) && variant !== 'binary'))
        .map((variant): MixingCase => ({ variant, shape, threads })),
    ),
  );
  const leftOut: { what: string; reason: string; error: unknown }[] = [];
  const cases = all.filter((mixing) => {
    try {
      checkMemory(recipeOf(mixing, { costs, memory }));
      return true;
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof MemoryError)) throw error;
      leftOut.push({ what: labelOf(mixing), reason: error.message, error });
      return false;
    }
  });
  if (cases.length === 0) throw leftOut[0].error;
  return { cases, leftOut: leftOut.map(({ what, reason }) => ({ what, reason })) };
}

/** `flat, 18 x 256 channels, 131072 positions, 2 threads`. */
function labelOf({ variant, shape: { convolutions, width, length, lanes }, threads }: MixingCase): string {
  return [
    variant,
    `${convolutions} x ${width} channels`,
    `${length} positions`,
    ...(lanes > 1 ? [`${lanes} sequences`] : []),
    ...(threads > 1 ? [`${threads} threads`] : []),
  ].join(', ');
}

/** Powers of two below the length. */
async function shorter(
  { variants, shapes }: BenchRequest,
  first: BenchShape,
  options: MixingOptions,
): Promise<LengthRow[]> {
  const given = new Set(shapes.map(({ length }) => length));
  const rows: LengthRow[] = [];
  const end = performance.now() + options.budgetMs;
  for (let length = SHORTEST; length < first.length; length *= 2) {
    if (given.has(length)) continue;
    const begin = performance.now();
    if (rows.length > 0 && begin > end) break;
    const cases = variants
      .filter((variant) => variant !== 'eager')
      .map((variant) => ({ variant, shape: { ...first, length }, threads: 1 }));
    // Each length takes about what all before it took together.
    const budgetMs = (end - begin) / Math.max(1, Math.log2(first.length / length));
    const measured = await measureMixing(cases, { ...options, budgetMs, rounds: 5 });
    rows.push(
      ...measured.map(({ variant, shape, warmMs, setupMs, estimated }) => ({
        variant,
        shape,
        warmMs,
        setupMs,
        estimated,
      })),
    );
    if (2 * (performance.now() - begin) > end - performance.now()) break;
  }
  return rows;
}

/** The baselines at a length where all of it can be measured, once from samples and once whole, in turn. */
async function validate(
  mixing: readonly MixingRow[],
  { full }: BenchRequest,
  first: BenchShape,
  options: MixingOptions,
): Promise<Validation | null> {
  const estimated = mixing.filter((row) => row.estimated && row.shape === first && row.threads === 1);
  if (full || estimated.length === 0 || first.length <= WORTH_VALIDATING) return null;
  const whole = (length: number): number =>
    estimated.reduce((sum, { warmMs }) => sum + warmMs.median * (length / first.length) ** 2, 0);
  let length = Math.min(LONGEST_VALIDATED, 2 ** Math.floor(Math.log2(first.length)));
  // Three times, if it can be: one alone shows nothing of chance.
  while (length > WORTH_VALIDATING && 3.5 * whole(length) > options.budgetMs) length /= 2;
  const cases = estimated.map(({ variant }) => ({ variant, shape: { ...first, length }, threads: 1 }));
  const rounds: { estimated: MixingRow[]; full: MixingRow[] }[] = [];
  const began = performance.now();
  do {
    const once = { ...options, budgetMs: 0, rounds: 1 };
    rounds.push({
      full: await measureMixing(cases, { ...once, full: true }),
      estimated: await measureMixing(cases, once),
    });
  } while (rounds.length < 5 && (performance.now() - began) * (1 + 1 / rounds.length) < options.budgetMs);
  const over = (which: 'estimated' | 'full', k: number): MixingRow['warmMs'] =>
    estimate(rounds.map((round) => round[which][k].warmMs.median));
  return {
    length,
    rows: cases.map(({ variant }, k) => ({
      variant,
      estimatedMs: over('estimated', k),
      fullMs: over('full', k),
    })),
  };
}

/** Levels, and what goes into each besides measuring. */
const LEVELS = 80;

async function measureTiles(
  length: number,
  ms: number,
  signal: AbortSignal | undefined,
  breathe: () => void,
): Promise<CostTable> {
  const budgetMs = Math.max(0.2, Math.min(30, (0.6 * ms) / LEVELS));
  return await measureCosts({
    largest: Math.min(length, ms > 4000 ? 131072 : 8192),
    fanOuts: [2, 4, 8],
    budgetMs,
    signal,
    onProgress: breathe,
  });
}

function memoryByLength({ variants, costs }: BenchRequest, first: BenchShape): MemoryRow[] {
  const rows: MemoryRow[] = [];
  for (const variant of VARIANTS.filter((variant) => variants.includes(variant))) {
    for (let length = SHORTEST; length <= 2 ** 20; length *= 2) {
      try {
        const { bytes } = recipeOf({ variant, shape: { ...first, length }, threads: 1 }, { costs });
        rows.push({ variant, length, bytes });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        break;
      }
    }
  }
  return rows;
}

function warnings(mixing: readonly MixingRow[], before: number, after: number): string[] {
  const alone = mixing.filter(({ cpuShare }) => cpuShare !== null && cpuShare < ALONE);
  const worst = Math.min(...alone.map(({ cpuShare }) => cpuShare!));
  const drift = after / before - 1;
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  return [
    ...(alone.length > 0
      ? [
          `the machine was busy: in ${alone.length} of ${mixing.length} rows the process had less than 95 % of a core, down to ${percent(worst)}`,
        ]
      : []),
    ...(Math.abs(drift) > DRIFT
      ? [
          `the machine changed while it was measured: memory was read at ${giga(before)} GB/s at first, and at ${giga(after)} in the end`,
        ]
      : []),
  ];
}

const giga = (bytes: number): string => (bytes / 1e9).toFixed(1);
