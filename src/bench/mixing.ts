/**
 * How long position mixing takes, on its own: no model, random inputs and filters, every convolution.
 *
 * The tiled mixer runs from start to end, every tile and every position. The baselines, whose work is quadratic,
 * are measured at positions spread evenly over the range and integrated, unless everything is asked for. One mixer after
 * the other, each with the memory and the caches to itself, on the same inputs; and the sums are compared on the way: a
 * mixer that is fast and wrong must not be reported.
 */
import { setImmediate } from 'node:timers/promises';
import {
  buildOn,
  fit,
  type MixerName,
  type MixerShape,
  type OnlineMixer,
  type Plan,
} from '../mixer/index.js';
import { accumulate, integrate, samplePositions, type Curve } from './curve.js';
import { quantiles, type Quantiles } from './quantiles.js';

/** One way to mix, to be measured beside others. */
export interface Contender {
  readonly label: string;
  readonly mixer: MixerName;
  /** A tiled mixer's plan, or several, of which the first that fits is taken. Default: the fastest known. */
  readonly plan?: Plan | readonly Plan[];
  /** Bytes it may hold. Default: any. */
  readonly memory?: number;
  /** Default 1. */
  readonly threads?: number;
  /** Sequences side by side (default 1): all the same one. */
  readonly lanes?: number;
}

/** What `measureMixing` takes. */
export interface MixingOptions {
  /** Convolutions (M), channels (D), positions (L). */
  readonly convolutions: number;
  readonly width: number;
  readonly length: number;
  readonly contenders: readonly Contender[];
  /** Measures the baselines at every position as well. */
  readonly full?: boolean;
  /** Positions at which the baselines are measured. Default 32. */
  readonly samples?: number;
  /** Times that a tiled mixer's run is repeated; the fastest counts. Default 5. */
  readonly rounds?: number;
  /** Seed of the inputs and filters. Default 1. */
  readonly seed?: number;
  /** Called now and then with the part of the run that is done, 0 to 1. What it throws ends the run. */
  readonly onProgress?: (done: number) => void;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface MixerTiming {
  readonly label: string;
  readonly mixer: MixerName;
  readonly plan: Plan;
  readonly threads: number;
  readonly lanes: number;
  /** Bytes of array memory held. */
  readonly bytes: number;
  /** Setting all filters, ms. Not part of the total. */
  readonly setupMs: number;
  /** All pending and push calls over the whole length, ms. */
  readonly totalMs: number;
  /** Whether the total is integrated from sampled positions. */
  readonly estimated: boolean;
  /** The total per position, sequence, convolution and channel, ns. */
  readonly nsPerTokenChannel: number;
  /** Both calls of one position, over the positions measured, us. */
  readonly tokens: Quantiles;
  readonly curve: Curve;
}

/** What `measureMixing` measured. */
export interface MixingResult {
  readonly convolutions: number;
  readonly width: number;
  readonly length: number;
  readonly timings: readonly MixerTiming[];
  /** Agreement of the mixers' pending sums, on the same inputs. */
  readonly agreement: {
    /** Positions at which they were compared. */
    readonly positions: number;
    /** The largest relative L2 difference, and the bound it must keep. */
    readonly worst: number;
    readonly bound: number;
  };
}

/** The event loop gets a turn every so many ms, between two positions: signals are heard, however long a run takes. */
const BREATH = 100;

/** Unit roundoff of float32. */
const ROUNDOFF = 2 ** -24;

/** Measures mixers side by side. Throws if their results differ by more than float32 allows. */
export async function measureMixing(options: MixingOptions): Promise<MixingResult> {
  const { convolutions, width, length, contenders, full, samples = 32, onProgress } = options;
  const sampled = samplePositions(length, full === true ? length : samples);
  const comparison = new Comparison(8 * ROUNDOFF * Math.sqrt(Math.log2(2 * length)));
  const timings: MixerTiming[] = [];
  for (const [k, contender] of contenders.entries()) {
    await warmUp(contender, width);
    const progress = (done: number): void => {
      options.signal?.throwIfAborted();
      onProgress?.((k + done) / contenders.length);
    };
    timings.push(await measure(contender, sampled, comparison, { ...options, onProgress: progress }));
  }
  onProgress?.(1);
  const { positions, worst, bound } = comparison;
  return { convolutions, width, length, timings, agreement: { positions, worst, bound } };
}

/** One mixer's way over all positions; a tiled one's fastest of several. */
async function measure(
  contender: Contender,
  sampled: ReadonlySet<number>,
  comparison: Comparison,
  { convolutions, width, length, seed = 1, rounds = 5, onProgress }: MixingOptions,
): Promise<MixerTiming> {
  const track = await Track.open(contender, { convolutions, width, length });
  try {
    const filters = new Random(seed);
    const taps = new Float32Array(length * width);
    for (let convolution = 0; convolution < convolutions; convolution++)
      track.setFilter(convolution, filters.fill(taps));
    const y = new Float32Array(convolutions * width);
    const count = track.mixer.name === 'tiled' ? rounds : 1;
    let best: MixerTiming | undefined;
    let reported = 0;
    for (let round = 0; round < count; round++) {
      const inputs = new Random(seed + 1);
      track.begin();
      for (let t = 0; t < length; t++) {
        const sums = track.step(t, inputs.fill(y), sampled.has(t));
        // An eager mixer that skips positions has nothing to compare.
        if (sums !== undefined && (track.mixer.name !== 'eager' || sampled.size === length)) {
          comparison.add(t, sums, contender.label);
        }
        if (performance.now() - reported > BREATH) {
          await setImmediate();
          onProgress?.((round + t / length) / count);
          reported = performance.now();
        }
      }
      const timing = track.timing(sampled);
      if (best === undefined || timing.totalMs < best.totalMs) best = timing;
    }
    return best!;
  } finally {
    await track.mixer.close();
  }
}

/** Holds all mixers' sums against the first one's. */
class Comparison {
  worst = 0;
  private readonly first = new Map<number, Float32Array>();
  private readonly compared = new Set<number>();

  constructor(readonly bound: number) {}

  /** Positions compared. */
  get positions(): number {
    return this.compared.size;
  }

  add(position: number, sums: Float32Array, label: string): void {
    const first = this.first.get(position);
    if (first === undefined) this.first.set(position, sums.slice());
    else {
      this.compared.add(position);
      this.worst = Math.max(this.worst, difference(sums, first));
      if (!(this.worst <= this.bound)) {
        throw new Error(
          `mixer ${label} disagrees at position ${position}: relative difference ${this.worst}, allowed ${this.bound}`,
        );
      }
    }
  }
}

/** One mixer's way through a run. */
class Track {
  private setupMs = 0;
  /** Time of each position, us; NaN where it was not measured in full. */
  private readonly tokens: Float64Array;
  /** `[convolution, lane, channel]`. */
  private readonly y: Float32Array;
  private readonly sums: Float32Array;
  /** Of lane 0, `[convolution, channel]`. */
  private readonly out: Float32Array;

  private constructor(
    private readonly contender: Contender,
    readonly mixer: OnlineMixer,
  ) {
    const { convolutions, width, length, lanes = 1 } = mixer.shape;
    this.tokens = new Float64Array(length);
    this.y = new Float32Array(convolutions * lanes * width);
    this.sums = new Float32Array(convolutions * lanes * width);
    this.out = new Float32Array(convolutions * width);
  }

  static async open(contender: Contender, shape: MixerShape): Promise<Track> {
    const { mixer: name, lanes = 1, plan, memory, threads = 1 } = contender;
    const how = { threads, ...(plan && { plan }), ...(memory !== undefined && { memory }) };
    return new Track(contender, await buildOn(fit({ name, shape: { ...shape, lanes }, ...how })));
  }

  setFilter(convolution: number, taps: Float32Array): void {
    const begin = performance.now();
    this.mixer.setFilter(convolution, taps);
    this.setupMs += performance.now() - begin;
  }

  /** Back to position 0. Also touches the memory: each page's first touch takes the operating system as long as a small tile. */
  begin(): void {
    this.mixer.reset();
    this.tokens.fill(NaN);
  }

  /**
   * One position: the tiled mixer always does all of it, the others what a sample needs. Returns the sums of a sample,
   * `[convolution, channel]`, overwritten by the next.
   */
  step(t: number, inputs: Float32Array, sample: boolean): Float32Array | undefined {
    const { mixer, y, sums, out } = this;
    const { width, convolutions, lanes = 1 } = mixer.shape;
    for (let convolution = 0; convolution < convolutions; convolution++) {
      const row = inputs.subarray(convolution * width, (convolution + 1) * width);
      for (let lane = 0; lane < lanes; lane++) y.set(row, (convolution * lanes + lane) * width);
    }
    const whole = sample || mixer.name === 'tiled';
    if (mixer.name === 'eager') {
      if (!whole) return undefined;
      mixer.skipTo(t);
    }
    const begin = performance.now();
    // A lazy mixer's inputs are needed at every position, its sums only where they are measured.
    if (whole) mixer.pending(sums);
    mixer.push(y);
    if (whole) this.tokens[t] = (performance.now() - begin) * 1e3;
    if (!sample) return undefined;
    for (let convolution = 0; convolution < convolutions; convolution++) {
      const at = convolution * lanes * width;
      out.set(sums.subarray(at, at + width), convolution * width);
    }
    return out;
  }

  timing(sampled: ReadonlySet<number>): MixerTiming {
    const { mixer, tokens, setupMs, contender } = this;
    const { convolutions, width, length, lanes = 1 } = mixer.shape;
    const estimated = mixer.name !== 'tiled' && sampled.size < length;
    const curve = estimated ? integrate(tokens, sampled) : accumulate(tokens);
    const totalMs = curve[curve.length - 1].ms;
    return {
      label: contender.label,
      mixer: mixer.name,
      plan: mixer.plan,
      threads: contender.threads ?? 1,
      lanes,
      bytes: mixer.bytes,
      setupMs,
      totalMs,
      estimated,
      nsPerTokenChannel: (totalMs * 1e6) / (length * lanes * convolutions * width),
      tokens: quantiles(tokens.filter((us) => !Number.isNaN(us))),
      curve,
    };
  }
}

/** |a - b| / |b|, Euclidean. */
function difference(a: Float32Array, b: Float32Array): number {
  let error = 0;
  let norm = 0;
  for (let k = 0; k < a.length; k++) {
    error += (a[k] - b[k]) ** 2;
    norm += b[k] ** 2;
  }
  return error === 0 ? 0 : Math.sqrt(error / norm);
}

/** Runs the same mixer for a short while, so that the measured one starts with optimised code. */
async function warmUp({ label, mixer, threads = 1 }: Contender, width: number): Promise<void> {
  const shape = { convolutions: 1, width, length: 1024 };
  const y = new Float32Array(width);
  const track = await Track.open({ label, mixer, threads }, shape);
  track.setFilter(0, new Float32Array(shape.length * width));
  for (let t = 0; t < shape.length; t++) track.step(t, y, true);
  await track.mixer.close();
}

/** xorshift32: cheap, repeatable, good enough for numbers nobody reads. */
class Random {
  private state: number;
  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e3779b1) | 1;
  }
  /** Fills with values uniform in [-1, 1). */
  fill(values: Float32Array): Float32Array {
    let s = this.state;
    for (let k = 0; k < values.length; k++) {
      s ^= s << 13;
      s ^= s >>> 17;
      s ^= s << 5;
      values[k] = s * 2 ** -31;
    }
    this.state = s;
    return values;
  }
}
