/**
 * How long position mixing takes, on its own: no model, random inputs and filters, every convolution.
 *
 * Cases are measured in rounds, one after the other in each, so that what changes on the machine meanwhile meets all of them. In
 * the first round, and some others, a mixer is made anew (set-up), run over memory that nobody has touched (cold), and run once
 * more (warm); in all others it is run once (warm). Tiled
 * mixers run every tile and every position. The baselines, whose work is quadratic, are measured at positions spread evenly over
 * the range and integrated, unless everything is asked for. All sums are held against the definition.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Plan, Recipe } from '../mixer/index.js';
import {
  bandwidth,
  type BenchShape,
  type CaseOptions,
  expected,
  type MixingCase,
  recipeOf,
  samplingOf,
} from './case.js';
import { type Curve, curveOf } from './curve.js';
import { type Agreement, Definition } from './definition.js';
import { type Estimate, estimate, median } from './estimate.js';
import { type Pace, Pacer } from './pace.js';
import { quantiles, type Quantiles } from './quantiles.js';
import { type Contender, OutOfTime, Rounds } from './rounds.js';
import { everything, type Sampling } from './sampling.js';
import { bySide, type SideSeries, type Stretch, stretches } from './series.js';
import { moments } from './student.js';
import { type RunTimes, Track } from './track.js';
import { isTiling, type Variant } from './variants.js';

/** What `measureMixing` takes. */
export interface MixingOptions extends CaseOptions {
  /** Seed of inputs and filters. Default 1. */
  readonly seed?: number;
  /** Rounds at most. Default 15. */
  readonly rounds?: number;
  /** Whether V8 has compiled all that cases of these variants run. Default: no, and short runs come first. */
  readonly compiled?: boolean;
  /** Takes the machine's pace in every round. */
  readonly paced?: boolean;
  /** Keeps times by position. */
  readonly series?: boolean;
  /** ms, from anywhere. Default `performance.now`. */
  readonly clock?: () => number;
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
  /** How fast the machine was just before each round, where that was asked for. */
  readonly pace: readonly Pace[];
  /** Rounds in which the mixer was made anew: those that set-up and cold runs are of. */
  readonly anew: readonly number[];
  /** Whether times are integrated from sampled positions; and at how many they were measured. */
  readonly estimated: boolean;
  readonly measuredPositions: number;
  /** The warm median per position, lane, convolution and channel, ns. */
  readonly nsPerTokenChannel: number;
  /** Both calls of one position, over the positions measured in the median round, us. */
  readonly tokenUs: Quantiles;
  /** What a baseline streams from and to memory per second, where its arrays exceed any cache; null for others. */
  readonly bytesPerSecond: number | null;
  /** CPU time of each round's warm run, all threads', ms: with preparing inputs, and of all positions where times are estimated. */
  readonly cpuMs: readonly number[];
  /** CPU time over wall time of single-threaded runs, the least of all rounds; null with threads. */
  readonly cpuShare: number | null;
  readonly agreement: Agreement;
  readonly curve: Curve;
  readonly stretches: readonly Stretch[];
  readonly sides: readonly SideSeries[];
}

/** What each position took in every round, us; NaN where it was not measured. */
export interface MixingRuns extends MixingCase {
  readonly sampling: Sampling;
  readonly tokens: readonly Float64Array[];
}

/** Runs shorter than this, in ms, are repeated in a round until it is reached: clocks tick, and small things take turns. */
const SHORTEST_RUN = 4;
const MOST_REPEATS = 200;
/** Two runs in a row that differ by less are warm. */
const STEADY = 0.05;
const MOST_WARM_UPS = 8;
const WARM_UP_LENGTH = 1024;
/** Of the memory that is free, what mixers may hold between their rounds. */
const KEPT = 0.25;
/** Bytes of mixers that are collected at once. */
const LARGE = 2 ** 22;

const IMPORTANCE: readonly Variant[] = ['flat', 'lazy', 'fan-out', 'binary', 'eager'];

/** What a case takes to be measured. */
class MixingContender implements Contender {
  readonly recipe: Recipe;
  readonly expectedMs: number;
  rounds = 0;
  /** Whether its mixer stays as it is for the next round. */
  kept = false;
  private track: Track | null = null;
  private deadline = Infinity;
  private readonly setup: number[] = [];
  private readonly cold: number[] = [];
  private readonly warm: RunTimes[] = [];
  private readonly totals: number[] = [];
  readonly pace: Pace[] = [];
  private readonly anew: number[] = [];

  constructor(
    readonly mixing: MixingCase,
    private readonly definition: Definition,
    private readonly sampling: Sampling,
    private readonly pacer: Pacer | null,
    private readonly options: MixingOptions & { readonly clock: () => number },
  ) {
    this.recipe = recipeOf(mixing, options);
    const { setup, runs } = expected(mixing, this.recipe, sampling, options);
    this.expectedMs = setup + runs;
  }

  async round(deadline: number, anew: boolean): Promise<void> {
    this.deadline = deadline;
    const { recipe } = this;
    const { variant } = this.mixing;
    const pace = this.pacer?.take();
    if (anew) await this.close();
    const fresh = this.track === null;
    try {
      this.track ??= await this.open();
      const { track } = this;
      const first = await track.run();
      let run = fresh && isTiling(variant) ? await track.run() : first;
      const repeats = Math.min(MOST_REPEATS, Math.ceil(SHORTEST_RUN / this.totalOf(run)));
      const totals = [this.totalOf(run)];
      for (let k = 1; k < repeats; k++) {
        run = await track.run();
        totals.push(this.totalOf(run));
      }
      if (pace !== undefined) this.pace.push(pace);
      if (fresh) {
        this.setup.push(track.setupMs);
        this.anew.push(this.rounds);
      }
      if (fresh && isTiling(variant)) this.cold.push(this.totalOf(first));
      this.totals.push(median(totals));
      this.warm.push(run);
      this.rounds++;
    } catch (error) {
      await this.close();
      throw error;
    }
    if (this.kept) return;
    await this.close();
    if (recipe.bytes > LARGE) collectGarbage();
  }

  private open(): Promise<Track> {
    const { definition, sampling, options } = this;
    const { variant, threads } = this.mixing;
    return Track.open(this.recipe, {
      seed: options.seed ?? 1,
      definition,
      sampling,
      label: threads > 1 ? `${variant}, ${threads} threads,` : variant,
      breathe: () => {
        options.breathe?.();
        if (options.clock() > this.deadline) throw new OutOfTime();
      },
    });
  }

  async close(): Promise<void> {
    await this.track?.mixer.close();
    this.track = null;
  }

  private totalOf({ tokens }: RunTimes): number {
    return curveOf(tokens, this.sampling).at(-1)!.ms;
  }

  /** Of its rounds so far. */
  get runs(): MixingRuns {
    return { ...this.mixing, sampling: this.sampling, tokens: this.warm.map(({ tokens }) => tokens) };
  }

  /** @param wander how much the machine's speed varied in the meantime, a share */
  row(wander: number): MixingRow {
    const { mixing, totals, recipe, sampling } = this;
    const { convolutions, width, length, lanes } = mixing.shape;
    const warmMs = estimate(totals, wander);
    const nearest = totals.reduce(
      (best, total, k) => (off(total, warmMs) < off(totals[best], warmMs) ? k : best),
      0,
    );
    const run = this.warm[nearest];
    const measured = run.tokens.filter((us) => !Number.isNaN(us));
    const estimated = sampling.strata.length > 0;
    const series = this.options.series === true && !estimated;
    return {
      ...mixing,
      plan: recipe.plan,
      bytes: recipe.bytes,
      setupMs: estimate(this.setup, wander),
      coldMs: this.cold.length > 0 ? estimate(this.cold, wander) : null,
      warmMs,
      pace: this.pace,
      anew: this.anew,
      estimated,
      measuredPositions: measured.length,
      nsPerTokenChannel: (warmMs.median * 1e6) / (length * lanes * convolutions * width),
      tokenUs: quantiles(measured),
      bytesPerSecond: bandwidth(mixing, run.tokens),
      cpuMs: this.warm.map(({ cpuMs }) => cpuMs),
      cpuShare: mixing.threads > 1 ? null : Math.min(...this.warm.map(({ cpuMs, wallMs }) => cpuMs / wallMs)),
      agreement: this.definition.agreement,
      curve: curveOf(run.tokens, sampling),
      stretches: series ? stretches(run.tokens) : [],
      sides: series && isTiling(mixing.variant) ? bySide(run.tokens) : [],
    };
  }
}

const off = (value: number, { median }: Estimate): number => Math.abs(value - median);

/** Cases side by side, measured whenever there is time for it. Throws if a mixer's sums are wrong. */
export class MixingRounds {
  private readonly contenders: MixingContender[];
  private readonly rounds: Rounds;
  private compiled: boolean;

  constructor(
    cases: readonly MixingCase[],
    private readonly options: MixingOptions,
  ) {
    this.compiled = options.compiled === true;
    const { full, samples, rounds = 15, clock = () => performance.now() } = options;
    const definitions = new Map<string, Definition>();
    const pacer = options.paced === true ? new Pacer() : null;
    this.contenders = cases.map((mixing) => {
      const { convolutions, width, length } = mixing.shape;
      const key = `${convolutions} ${width} ${length}`;
      const { strata } = samplingOf({ variant: 'lazy', shape: mixing.shape }, { full, samples });
      const definition =
        definitions.get(key) ??
        new Definition(
          mixing.shape,
          strata.length > 0 ? strata.flat() : undefined,
          options.filter !== undefined,
        );
      definitions.set(key, definition);
      const sampling = samplingOf(mixing, { full, samples });
      return new MixingContender(mixing, definition, sampling, pacer, { ...options, clock });
    });
    const bytes = this.contenders.reduce((sum, { recipe }) => sum + recipe.bytes, 0);
    const kept = bytes < KEPT * process.availableMemory();
    for (const contender of this.contenders) contender.kept = kept;
    this.rounds = new Rounds(byImportance(this.contenders), rounds, clock);
  }

  /** Spends so many ms; on the first round, if `firstMs` is given, as many as that. */
  async spend(ms: number, firstMs = ms): Promise<void> {
    const { clock = () => performance.now() } = this.options;
    const begin = clock();
    if (!this.compiled) {
      const variants = new Map(
        this.contenders.map(({ mixing }) => [`${mixing.variant} ${mixing.threads}`, mixing]),
      );
      for (const { variant, shape, threads } of variants.values()) {
        await warmUp({ variant, shape, threads }, this.options);
        if (clock() - begin > ms / 4) break;
      }
      this.compiled = true;
    }
    const warm = clock() - begin;
    await this.rounds.spend(ms - warm, firstMs - warm);
  }

  async close(): Promise<void> {
    for (const contender of this.contenders) await contender.close();
  }

  /** Of those measured. */
  rows(): MixingRow[] {
    const { wander } = this;
    return this.measured.map((contender) => contender.row(wander));
  }

  /** Of those measured. */
  runs(): MixingRuns[] {
    return this.measured.map(({ runs }) => runs);
  }

  /** By how much the machine's speed has varied so far, a share. */
  get wander(): number {
    const paces = this.measured.flatMap(({ pace }) => pace.map(({ arithmetic }) => Math.log(arithmetic)));
    return paces.length === 0 ? 0 : Math.sqrt(moments(paces).variance);
  }

  private get measured(): MixingContender[] {
    return this.contenders.filter(({ rounds }) => rounds > 0);
  }

  /** Those that there was no time for. */
  get missing(): MixingCase[] {
    return this.contenders.filter(({ rounds }) => rounds === 0).map(({ mixing }) => mixing);
  }
}

/** What is measured first, should time not suffice for all: small sizes, and of each size what says most. */
function byImportance(contenders: readonly MixingContender[]): MixingContender[] {
  const dearest = new Map<BenchShape, number>();
  for (const { mixing, expectedMs } of contenders)
    dearest.set(mixing.shape, Math.max(expectedMs, dearest.get(mixing.shape) ?? 0));
  const rank = ({ mixing: { variant, threads } }: MixingContender): number =>
    IMPORTANCE.indexOf(variant) + (threads > 1 ? IMPORTANCE.length : 0);
  return contenders.toSorted(
    (a, b) => dearest.get(a.mixing.shape)! - dearest.get(b.mixing.shape)! || rank(a) - rank(b),
  );
}

/** Measures cases side by side for so many ms; the first round, if it takes longer, for `firstMs`. */
export async function measureMixing(
  cases: readonly MixingCase[],
  options: MixingOptions & { readonly budgetMs: number; readonly firstMs?: number },
): Promise<MixingRow[]> {
  const rounds = new MixingRounds(cases, options);
  try {
    await rounds.spend(options.budgetMs, options.firstMs);
    return rounds.rows();
  } finally {
    await rounds.close();
  }
}

/** Short runs until they take no less time: V8 has then compiled what it will. */
async function warmUp({ variant, shape, threads }: MixingCase, options: MixingOptions): Promise<void> {
  const short = { ...shape, convolutions: 1, length: WARM_UP_LENGTH, lanes: 1 };
  const { costs, filter } = options;
  const track = await Track.open(recipeOf({ variant, shape: short, threads }, { costs, filter }), {
    seed: 1,
    definition: new Definition(short, [], filter !== undefined),
    sampling: everything(short.length),
    label: variant,
    breathe: options.breathe ?? (() => undefined),
  });
  try {
    let before = Infinity;
    for (let k = 0; k < MOST_WARM_UPS; k++) {
      const { tokens } = await track.run();
      const us = tokens.reduce((sum, time) => sum + time, 0);
      if (us > before * (1 - STEADY)) break;
      before = us;
    }
  } finally {
    await track.mixer.close();
  }
}

/** A mixer's memory goes back to the system when it is collected; the next one should not have to wait for that, nor share. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
