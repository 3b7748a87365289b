/** A whole run: what is measured, in which order, for how long. */
import { MemoryError } from '../format/index.js';
import { checkMemory, type Loaded } from '../generation/index.js';
import { type CostTable, type DataDependentFilter, measureBandwidth, measureCosts } from '../mixer/index.js';
import { Budget } from './budget.js';
import { lengthRounds, lengthsOf } from './lengths.js';
import { affordableSamples, type BenchShape, type MixingCase, recipeOf } from './case.js';
import { MixingRounds, type MixingRow } from './mixing.js';
import { provenance, type Provenance } from './provenance.js';
import { type BenchReport, type LeftOut, type MemoryRow, REPORT_FORMAT, REPORT_VERSION } from './report.js';
import { measureTexts, type TextsFound } from './texts.js';
import { validate } from './validate.js';
import { type Baseline, isTiling, type Variant, VARIANTS } from './variants.js';

/** What to measure. */
export interface BenchRequest {
  readonly variants: readonly Variant[];
  /** All combinations, one after the other; the first length's go on to shorter ones. */
  readonly shapes: readonly BenchShape[];
  /** What filters are, of mixers alone as of the model, if they depend on the data: such can be mixed by `lazy` and `binary`. */
  readonly filter?: DataDependentFilter | undefined;
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

/** Shares of the time, in the order of the phases. Rounds of mixing come three times, so that they meet more than one moment. */
const WEIGHTS = {
  bandwidth: 1,
  mixing: 20,
  lengths: 8,
  'mixing again': 10,
  validation: 14,
  tiles: 4,
  texts: 36,
  'mixing at last': 10,
  after: 1,
};
/** Of the time of a round, what the baselines may take. */
const BASELINES = 0.1;
/** What there is always time for, if little is to be measured: ms. */
const LEAST = 5000;
/** A process that had less of a core than this was not alone. */
export const ALONE = 0.95;
/** Drift of the bandwidth that is worth a word. */
const DRIFT = 0.1;
/** Far more than any cache holds. */
const BANDWIDTH_BYTES = 2 ** 28;
/** Shorter lengths have no tiles worth a picture. */
const WORTH_TILES = 4096;
const SHORTEST = 16;

export async function runBench(request: BenchRequest, hooks: BenchHooks): Promise<BenchReport> {
  const opened: MixingRounds[] = [];
  try {
    return await measure(request, hooks, (rounds) => {
      opened.push(rounds);
      return rounds;
    });
  } finally {
    for (const rounds of opened) await rounds.close();
  }
}

async function measure(
  request: BenchRequest,
  hooks: BenchHooks,
  closing: (rounds: MixingRounds) => MixingRounds,
): Promise<BenchReport> {
  const { shapes, budgetMs, costs, texts, full, variants } = request;
  const about = provenance(request.about);
  const budget = new Budget(budgetMs, { ...WEIGHTS, texts: texts ? WEIGHTS.texts : 0 });
  const breathe = (): void => {
    hooks.signal?.throwIfAborted();
    hooks.onProgress?.(Math.min(budget.spent, 0.99 * budgetMs), budgetMs);
  };
  breathe();
  const { cases, leftOut } = affordable(request);
  const longest = Math.max(...shapes.map(({ length }) => length));
  const first = shapes.find(({ length }) => length === longest)!;

  const bytes = Math.min(BANDWIDTH_BYTES, Math.max(2 ** 20, 8 * longest * first.width * first.convolutions));
  const before = await measureBandwidth(bytes, Math.min(1000, budget.begin('bandwidth')));
  const { seed, memory, filter } = request;
  const common = { costs, seed, memory, filter, breathe, samples: request.samples, bandwidth: before.median };
  const mixingMs = budget.begin('mixing');
  const samples = affordableSamples(cases, common, BASELINES * mixingMs);
  const rounds = closing(new MixingRounds(cases, { ...common, samples, full, series: true, paced: true }));
  await rounds.spend(mixingMs, full ? Infinity : Math.max(mixingMs, LEAST));

  const lengthsMs = budget.begin('lengths');
  const short = closing(lengthRounds(variants, first, { ...common, budgetMs: lengthsMs }));
  await short.spend(lengthsMs);
  await short.close();
  await rounds.spend(budget.begin('mixing again'));
  const estimated = rounds
    .rows()
    .filter((row) => row.estimated && row.shape === first && row.threads === 1)
    .map(({ variant, warmMs }) => [variant as Baseline, warmMs.median] as const);
  const validationMs = budget.begin('validation');
  const validation = await validate(new Map(estimated), first, { ...common, budgetMs: validationMs });
  const tilesMs = budget.begin('tiles');
  const tiles = longest >= WORTH_TILES ? await measureTiles(longest, tilesMs, hooks.signal, breathe) : null;
  let found: TextsFound | null = null;
  if (texts) {
    const { loaded, length, lanes, loadFor } = texts;
    const how = { ...common, length, lanes, loadFor, full, threads: request.threads, signal: hooks.signal };
    found = await measureTexts(loaded, { ...how, budgetMs: budget.begin('texts'), leftOut });
  }
  await rounds.spend(budget.begin('mixing at last'));
  const after = await measureBandwidth(bytes, Math.min(1000, budget.begin('after')));
  hooks.onProgress?.(1, 1);
  const mixing = rounds.rows();
  await rounds.close();
  const late = rounds.missing.map((mixing) => ({ what: labelOf(mixing), reason: TOO_LONG }));
  if (mixing.length === 0)
    throw new Error(`within ${Math.round(budgetMs / 1000)} s nothing can be measured here`);
  const long = rounds.runs().filter(({ shape, threads }) => shape === first && threads === 1);
  const lengths = lengthsOf(short.runs(), long, rounds.wander);
  return {
    format: REPORT_FORMAT,
    version: REPORT_VERSION,
    provenance: about,
    ...(filter && { filter: filter.kind }),
    budgetMs,
    tookMs: budget.spent,
    bandwidth: { before, after },
    mixing,
    lengths: lengths.rows,
    crossover: { mixing: lengths.crossings, rest: found?.rest ?? null, texts: found?.noticed ?? null },
    validation,
    tiles,
    memory: memoryByLength(request, first),
    endToEnd: found?.report ?? null,
    leftOut: [...leftOut, ...late],
    warnings: warnings(mixing, before.median, after.median),
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

const TOO_LONG = 'there was no time for it: --budget says how much there is';

/** Every variant at every size, on one thread, and our tilings on all; those that do not fit are left out, unless none does. */
function affordable({ variants, shapes, threads, costs, memory, filter }: BenchRequest): {
  cases: MixingCase[];
  leftOut: LeftOut[];
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
      checkMemory(recipeOf(mixing, { costs, memory, filter }));
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

function memoryByLength({ variants, costs, filter }: BenchRequest, first: BenchShape): MemoryRow[] {
  const rows: MemoryRow[] = [];
  for (const variant of VARIANTS.filter((variant) => variants.includes(variant))) {
    for (let length = SHORTEST; length <= 2 ** 20; length *= 2) {
      try {
        const { bytes } = recipeOf({ variant, shape: { ...first, length }, threads: 1 }, { costs, filter });
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
