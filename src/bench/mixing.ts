/**
 * How long position mixing takes, on its own: no model, random inputs and filters, every convolution.
 *
 * Cases are measured in rounds, one after the other in each, so that what changes on the machine meanwhile meets all of them. In
 * each round a mixer is made anew (set-up), run over memory that nobody has touched (cold), and run once more (warm). Tiled
 * mixers run every tile and every position. The baselines, whose work is quadratic, are measured at positions spread evenly over
 * the range and integrated, unless everything is asked for. All sums are held against the definition.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fit, type CostTable, type MixerShape, type Plan, type Recipe } from '../mixer/index.js';
import { accumulate, type Curve, integrate, samplePositions } from './curve.js';
import { type Agreement, Definition } from './definition.js';
import { type Estimate, estimate, median } from './estimate.js';
import { quantiles, type Quantiles } from './quantiles.js';
import { bySide, type SideSeries, type Stretch, stretches } from './series.js';
import { type RunTimes, Track } from './track.js';
import { choiceOf, isTiling, type Variant } from './variants.js';

/** M convolutions of D channels, L positions, B lanes. */
export type BenchShape = Required<Omit<MixerShape, 'filter'>>;

/** One way to mix at one size. */
export interface MixingCase {
  readonly variant: Variant;
  readonly shape: BenchShape;
  readonly threads: number;
}

/** What `measureMixing` takes. */
export interface MixingOptions {
  readonly costs: CostTable;
  /** Positions at which the baselines are measured; all of them with `full`. Default 32. */
  readonly samples?: number;
  readonly full?: boolean;
  /** Bytes a mixer may hold. Default: any. */
  readonly memory?: number | undefined;
  /** Seed of inputs and filters. Default 1. */
  readonly seed?: number;
  /** ms to spend: rounds begin as long as one more will fit. There is always one. */
  readonly budgetMs: number;
  /** Rounds at most. Default 9. */
  readonly rounds?: number;
  /** Keeps times by position. */
  readonly series?: boolean;
  /** Called now and then. What it throws ends the measurement. */
  readonly breathe?: () => void;
}

/** Median, interval and samples are over rounds. */
export interface MixingRow extends MixingCase {
  readonly plan: Plan;
  /** Bytes of array memory held. */
  readonly bytes: number;
  /** Making the mixer and setting all filters, ms. In no other figure. */
  readonly setupMs: Estimate;
  /** All pending and push calls of the first run of a mixer just made, ms; null for baselines, which have nothing to warm. */
  readonly coldMs: Estimate | null;
  /** The same of a run after it: what each further text takes. */
  readonly warmMs: Estimate;
  /** Whether times are integrated from sampled positions; and at how many they were measured. */
  readonly estimated: boolean;
  readonly measuredPositions: number;
  /** The warm median per position, lane, convolution and channel, ns. */
  readonly nsPerTokenChannel: number;
  /** Both calls of one position, over the positions measured in the median round, us. */
  readonly tokenUs: Quantiles;
  /** What a baseline streams from and to memory per second, where its arrays exceed any cache; null for others. */
  readonly bytesPerSecond: number | null;
  /** CPU time over wall time of single-threaded runs, the least of all rounds; null with threads. */
  readonly cpuShare: number | null;
  readonly agreement: Agreement;
  readonly curve: Curve;
  readonly stretches: readonly Stretch[];
  readonly sides: readonly SideSeries[];
}

/** Runs shorter than this, in ms, are repeated in a round until it is reached: clocks tick, and small things take turns. */
const SHORTEST_RUN = 4;
const MOST_REPEATS = 200;
/** Two runs in a row that differ by less are warm. */
const STEADY = 0.05;
const MOST_WARM_UPS = 8;
const WARM_UP_LENGTH = 1024;
/** Streams of more bytes than this come from memory. */
const BEYOND_CACHES = 2 ** 27;

/** What a case takes to be measured. */
class Contender {
  readonly recipe: Recipe;
  readonly estimated: boolean;
  private readonly setup: number[] = [];
  private readonly cold: number[] = [];
  private readonly warm: RunTimes[] = [];
  private readonly totals: number[] = [];

  constructor(
    readonly mixing: MixingCase,
    private readonly definition: Definition,
    private readonly sampled: ReadonlySet<number>,
    private readonly options: MixingOptions,
  ) {
    this.recipe = recipeOf(mixing, options);
    this.estimated = !isTiling(mixing.variant) && sampled.size < mixing.shape.length;
  }

  async round(): Promise<void> {
    const { definition, sampled, options, recipe } = this;
    const { variant, threads } = this.mixing;
    const track = await Track.open(recipe, {
      seed: options.seed ?? 1,
      definition,
      sampled,
      label: threads > 1 ? `${variant}, ${threads} threads,` : variant,
      breathe: options.breathe ?? (() => undefined),
    });
    try {
      this.setup.push(track.setupMs);
      let run = await track.run();
      if (isTiling(variant)) {
        this.cold.push(this.totalOf(run));
        run = await again(track);
      }
      const repeats = Math.min(MOST_REPEATS, Math.ceil(SHORTEST_RUN / this.totalOf(run)));
      const totals = [this.totalOf(run)];
      for (let k = 1; k < repeats; k++) {
        run = await again(track);
        totals.push(this.totalOf(run));
      }
      this.totals.push(median(totals));
      this.warm.push(run);
    } finally {
      await track.mixer.close();
      collectGarbage();
    }
  }

  private curveOf({ tokens }: RunTimes): Curve {
    return this.estimated ? integrate(tokens, this.sampled) : accumulate(tokens);
  }

  private totalOf(run: RunTimes): number {
    return this.curveOf(run).at(-1)!.ms;
  }

  row(): MixingRow {
    const { mixing, totals, recipe, estimated } = this;
    const { convolutions, width, length, lanes } = mixing.shape;
    const warmMs = estimate(totals);
    const nearest = totals.reduce(
      (best, total, k) => (off(total, warmMs) < off(totals[best], warmMs) ? k : best),
      0,
    );
    const run = this.warm[nearest];
    const measured = run.tokens.filter((us) => !Number.isNaN(us));
    const series = this.options.series === true && !estimated;
    return {
      ...mixing,
      plan: recipe.plan,
      bytes: recipe.bytes,
      setupMs: estimate(this.setup),
      coldMs: this.cold.length > 0 ? estimate(this.cold) : null,
      warmMs,
      estimated,
      measuredPositions: measured.length,
      nsPerTokenChannel: (warmMs.median * 1e6) / (length * lanes * convolutions * width),
      tokenUs: quantiles(measured),
      bytesPerSecond: traffic(mixing, run.tokens),
      cpuShare: mixing.threads > 1 ? null : Math.min(...this.warm.map(({ cpuShare }) => cpuShare)),
      agreement: this.definition.agreement,
      curve: this.curveOf(run),
      stretches: series ? stretches(run.tokens) : [],
      sides: series && isTiling(mixing.variant) ? bySide(run.tokens) : [],
    };
  }
}

const off = (value: number, { median }: Estimate): number => Math.abs(value - median);

async function again(track: Track): Promise<RunTimes> {
  track.mixer.reset();
  return await track.run();
}

/** Lays out a case's mixer. Throws a RangeError if it does not fit the memory allowed. */
export function recipeOf(
  { variant, shape, threads }: MixingCase,
  { costs, memory }: Pick<MixingOptions, 'costs' | 'memory'>,
): Recipe {
  const choice = choiceOf(variant, shape.length, costs);
  return fit({ ...choice, shape, threads, ...(memory !== undefined && { memory }) });
}

/** Measures cases side by side. Throws if a mixer's sums are wrong. */
export async function measureMixing(
  cases: readonly MixingCase[],
  options: MixingOptions,
): Promise<MixingRow[]> {
  const began = performance.now();
  const { full, samples = 32, rounds = 9, budgetMs } = options;
  const definitions = new Map<string, Definition>();
  const contenders = cases.map((mixing) => {
    const { convolutions, width, length } = mixing.shape;
    const sampled = samplePositions(length, full === true ? length : samples);
    const key = `${convolutions} ${width} ${length}`;
    const definition = definitions.get(key) ?? new Definition(mixing.shape, [...sampled]);
    definitions.set(key, definition);
    return new Contender(mixing, definition, sampled, options);
  });
  for (const { variant, shape, threads } of cases) await warmUp({ variant, shape, threads }, options);
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    // Whoever comes first in one round comes last in another.
    for (let k = 0; k < contenders.length; k++) await contenders[(k + round) % contenders.length].round();
    const now = performance.now();
    if (now - began + (now - begin) > budgetMs) break;
  }
  return contenders.map((contender) => contender.row());
}

/** Short runs until they take no less time: V8 has then compiled what it will. */
async function warmUp({ variant, shape, threads }: MixingCase, options: MixingOptions): Promise<void> {
  const short = { ...shape, convolutions: 1, length: WARM_UP_LENGTH, lanes: 1 };
  const sampled = samplePositions(short.length, short.length);
  const track = await Track.open(recipeOf({ variant, shape: short, threads }, { costs: options.costs }), {
    seed: 1,
    definition: new Definition(short, []),
    sampled,
    label: variant,
    breathe: options.breathe ?? (() => undefined),
  });
  try {
    let before = Infinity;
    for (let k = 0; k < MOST_WARM_UPS; k++) {
      const ms = accumulate((await again(track)).tokens).at(-1)!.ms;
      if (ms > before * (1 - STEADY)) break;
      before = ms;
    }
  } finally {
    await track.mixer.close();
  }
}

/**
 * Bytes per second that a baseline streams, over positions where it streams more than caches hold: inputs and taps, 8 bytes a
 * product, for lazy; taps, and partial sums in and out, 12 bytes, for eager.
 */
function traffic({ variant, shape }: MixingCase, tokens: Float64Array): number | null {
  if (isTiling(variant)) return null;
  const { convolutions, width, length, lanes } = shape;
  let [bytes, us] = [0, 0];
  tokens.forEach((time, t) => {
    if (Number.isNaN(time)) return;
    const products = (variant === 'lazy' ? t : length - 1 - t) * convolutions * lanes * width;
    const moved = products * (variant === 'lazy' ? 8 : 12);
    if (moved < BEYOND_CACHES) return;
    bytes += moved;
    us += time;
  });
  return us === 0 ? null : (bytes / us) * 1e6;
}

/** A mixer's memory goes back to the system when it is collected; the next one should not have to wait for that, nor share. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
