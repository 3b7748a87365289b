/** What a run of the benchmark found, as plain data: docs/bench.schema.json says the same. */
import type { Bandwidth, CostTable } from '../mixer/index.js';
import type { Crossing } from './crossover.js';
import type { Estimate } from './estimate.js';
import type { MixingRow } from './mixing.js';
import type { Provenance } from './provenance.js';
import type { Quantiles } from './quantiles.js';
import type { Stretch } from './series.js';
import type { Variant } from './variants.js';

export const REPORT_FORMAT = 'flashinf bench';
export const REPORT_VERSION = 1;

export interface BenchReport {
  readonly format: typeof REPORT_FORMAT;
  readonly version: typeof REPORT_VERSION;
  readonly provenance: Provenance;
  /** Where it is so: filters depend on the data, those of mixers alone as those of the model. */
  readonly filter?: 'data-dependent';
  /** What it was given to spend, and what it spent, ms. */
  readonly budgetMs: number;
  readonly tookMs: number;
  /** What one thread reads from memory: before all else, and when all was done. */
  readonly bandwidth: { readonly before: Bandwidth; readonly after: Bandwidth };
  /** Mixers alone: variants by sizes. */
  readonly mixing: readonly MixingRow[];
  /** The first of these sizes at other lengths, one thread. */
  readonly lengths: readonly LengthRow[];
  readonly crossover: Crossover;
  readonly validation: Validation | null;
  /** What levels of tiles cost here, ns per token and channel, by fan-out and log2 of the side. */
  readonly tiles: CostTable | null;
  /** Bytes that the variants hold by length. */
  readonly memory: readonly MemoryRow[];
  readonly endToEnd: EndToEndReport | null;
  /** What was asked for and not measured. */
  readonly leftOut: readonly LeftOut[];
  /** What makes figures doubtful. */
  readonly warnings: readonly string[];
  /** The most memory the process had. */
  readonly peakBytes: number;
}

export interface LeftOut {
  readonly what: string;
  readonly reason: string;
}

/** What the first positions of longer runs took. */
export interface LengthRow extends Pick<MixingRow, 'variant' | 'shape' | 'warmMs' | 'estimated'> {
  /** How long these runs were. */
  readonly of: number;
}

export interface MemoryRow {
  readonly variant: Variant;
  readonly length: number;
  readonly bytes: number;
}

/** From which length on tiled is faster than lazy, as far as was measured; null: it is not at the longest. */
export interface Crossover {
  readonly mixing: Readonly<Partial<Record<Variant, Crossing | null>>>;
  /**
   * Of whole texts, flat against lazy, without the model's steps, which take the same in both; null too where there are no
   * texts.
   */
  readonly rest: Crossing | null;
  readonly texts: TextCrossing | null;
}

/** From how many tokens on flat saves a share of its text's time that a clock shows: `NOTICED`. */
export interface TextCrossing {
  readonly from: number;
  /** Whether texts of so many tokens were not written lazily: what mixing them takes was measured apart. */
  readonly derived: boolean;
}

/** Estimates from sampled positions beside what they estimate. */
export interface Validation {
  readonly length: number;
  readonly rows: readonly {
    readonly variant: Variant;
    readonly estimatedMs: Estimate;
    readonly fullMs: Estimate;
    /** CPU time over wall time, the least of all rounds: what is interrupted in the full run is not work. */
    readonly cpuShare: number;
  }[];
}

export interface EndToEndReport {
  readonly model: string;
  readonly device: string;
  readonly convolutions: number;
  readonly width: number;
  readonly length: number;
  readonly threads: number;
  /** Greedy tokens that came out the same for every mixer. */
  readonly agreedTokens: number;
  readonly rows: readonly EndToEndRow[];
  /** The same loop without a mixer, ms per token: no mixer can be steadier. */
  readonly modelAlone: { readonly tokens: number; readonly tokenMs: Quantiles };
  /** A prompt, and the first token after it. */
  readonly prompt: { readonly tokens: number; readonly ms: number };
  /** The first tokens of texts that were written in turn, lazily and flat; the last row is of these texts as they are. */
  readonly short: readonly ShortText[];
  /** Of the process after the flat text, before any other mixer was made. */
  readonly peakBytes: number;
}

export interface EndToEndRow {
  readonly variant: Variant;
  /** Texts side by side: times are of all of them together. */
  readonly lanes: number;
  /** From the call to the last token, ms; of which mixing, in the median run. */
  readonly totalMs: Estimate;
  readonly mixingMs: number;
  readonly tokensPerSecond: number;
  /**
   * Estimated: of a baseline, what the flat text takes besides mixing, and its own mixing; of a text that time did not suffice
   * for, its first tokens.
   */
  readonly estimated: boolean;
  /** Tokens generated, in the median run. */
  readonly measuredTokens: number;
  readonly firstTokenMs: number | null;
  readonly tokenMs: Quantiles | null;
  readonly stretches: readonly Stretch[];
}

export interface ShortText {
  readonly length: number;
  readonly lazyMs: Estimate;
  readonly flatMs: Estimate;
  /** Lazy's time over flat's, of texts that were generated one after the other. */
  readonly ratio: Estimate;
  /** The same times without the model's steps. */
  readonly lazyRestMs: Estimate;
  readonly flatRestMs: Estimate;
  /** What the rests differ by, of flat's time: a share, below 0 where lazy takes less. */
  readonly saved: number;
}
