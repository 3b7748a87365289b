/**
 * How long position mixing takes, on its own: no model, random inputs and filters, every layer.
 *
 * The tiled mixer runs from start to end, every tile and every position. The baselines, whose work is quadratic,
 * are measured at positions spread evenly over the range and integrated, unless everything is asked for. All of it
 * is interleaved in one run, so that whatever else the machine does falls on all of them; and the sums are compared
 * on the way: a mixer that is fast and wrong must not be reported.
 */
import type { BlockedMixer } from '../mixer/blocked.js';
import { createMixerOn, FRESH } from '../mixer/create.js';
import type { MixerName, MixerShape } from '../mixer/mixer.js';
import type { Plan } from '../mixer/plan/plan.js';
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

export interface MixingOptions {
  /** Layers (M), channels (D), positions (L). */
  readonly layers: number;
  readonly width: number;
  readonly length: number;
  readonly contenders: readonly Contender[];
  /** Measures the baselines at every position as well. */
  readonly full?: boolean;
  /** Positions at which the baselines are measured. Default 32. */
  readonly samples?: number;
  /** Seed of the inputs and filters. Default 1. */
  readonly seed?: number;
  /** Called now and then with the part of the run that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
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
  /** The total per position, sequence, layer and channel, ns. */
  readonly nsPerTokenChannel: number;
  /** Both calls of one position, over the positions measured, us. */
  readonly tokens: Quantiles;
  /** Time used up to a position (exclusive), ascending; the last is the total. */
  readonly curve: readonly { readonly position: number; readonly ms: number }[];
}

export interface MixingResult {
  readonly layers: number;
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

/** Unit roundoff of float32. */
const ROUNDOFF = 2 ** -24;
/** Consecutive positions measured at each sampled one; the fastest counts: a baseline gets the benefit of the doubt. */
const REPEATS = 3;
/** Points of a full curve. */
const CURVE_POINTS = 256;

/** Measures mixers side by side. Throws if their results differ by more than float32 allows. */
export async function measureMixing(options: MixingOptions): Promise<MixingResult> {
  const { layers, width, length, contenders, seed = 1 } = options;
  const shape = { layers, width, length };
  const bound = 8 * ROUNDOFF * Math.sqrt(Math.log2(2 * length));
  await warmUp(options);
  const tracks: Track[] = [];
  try {
    for (const contender of contenders) tracks.push(await Track.open(contender, shape));
    const random = new Random(seed);
    for (let layer = 0; layer < layers; layer++) {
      const taps = random.fill(new Float32Array(length * width));
      for (const track of tracks) track.setFilter(layer, taps);
    }
    const sampled = samplePositions(length, options.full === true ? length : (options.samples ?? 32));
    const agreement = run(tracks, sampled, random, options, bound);
    const timings = tracks.map((track) => track.timing(sampled));
    return { layers, width, length, timings, agreement };
  } finally {
    for (const track of tracks) await track.mixer.close();
  }
}

/** The run itself, over all positions. */
function run(
  tracks: readonly Track[],
  sampled: ReadonlySet<number>,
  random: Random,
  { layers, width, length, onProgress }: MixingOptions,
  bound: number,
): MixingResult['agreement'] {
  const y = new Float32Array(layers * width);
  const sums = tracks.map(() => new Float32Array(layers * width));
  let worst = 0;
  let positions = 0;
  for (let t = 0; t < length; t++) {
    random.fill(y);
    const sample = sampled.has(t);
    tracks.forEach((track, k) => track.step(t, y, sums[k], sample));
    if (sample) {
      // An eager mixer that skips positions has nothing to compare.
      const comparable = sums.filter((_, k) => tracks[k].exact || sampled.size === length);
      for (const other of comparable.slice(1)) worst = Math.max(worst, difference(other, comparable[0]));
      positions += comparable.length > 1 ? 1 : 0;
      if (!(worst <= bound)) {
        throw new Error(`mixers disagree at position ${t}: relative difference ${worst}, allowed ${bound}`);
      }
    }
    if (t % 1024 === 0) onProgress?.(t / length);
  }
  onProgress?.(1);
  return { positions, worst, bound };
}

/** One mixer's way through the run. */
class Track {
  private setupMs = 0;
  /** Time of each position, us; NaN where it was not measured in full. */
  private readonly tokens: Float64Array;
  /** `[layer, lane, channel]`. */
  private readonly y: Float32Array;
  private readonly sums: Float32Array;

  private constructor(
    private readonly contender: Contender,
    readonly mixer: BlockedMixer,
  ) {
    const { layers, width, length, lanes = 1 } = mixer.shape;
    this.tokens = new Float64Array(length).fill(NaN);
    this.y = new Float32Array(layers * lanes * width);
    this.sums = new Float32Array(layers * lanes * width);
  }

  static async open(contender: Contender, shape: MixerShape): Promise<Track> {
    const { mixer: name, lanes = 1, label, ...options } = contender;
    void label;
    const mixer = await createMixerOn({ name, shape: { ...shape, lanes }, ...options }, FRESH);
    // Touches the memory: the first touch of each page takes the operating system as long as a small tile.
    mixer.reset();
    return new Track(contender, mixer);
  }

  /** Whether its sums are right even if only sampled positions are measured. */
  get exact(): boolean {
    return this.mixer.name !== 'eager';
  }

  setFilter(layer: number, taps: Float32Array): void {
    const begin = performance.now();
    this.mixer.setFilter(layer, taps);
    this.setupMs += performance.now() - begin;
  }

  /** One position: the tiled mixer always does all of it, the others what a sample needs. */
  step(t: number, inputs: Float32Array, out: Float32Array, sample: boolean): void {
    const { mixer, y, sums } = this;
    const { width, layers, lanes = 1 } = mixer.shape;
    for (let layer = 0; layer < layers; layer++) {
      const row = inputs.subarray(layer * width, (layer + 1) * width);
      for (let lane = 0; lane < lanes; lane++) y.set(row, (layer * lanes + lane) * width);
    }
    const whole = sample || mixer.name === 'tiled';
    if (mixer.name === 'eager') {
      if (!whole) return;
      mixer.skipTo(t);
    }
    const begin = performance.now();
    // A lazy mixer's inputs are needed at every position, its sums only where they are measured.
    if (whole) mixer.pending(sums);
    mixer.push(y);
    if (whole) this.tokens[t] = (performance.now() - begin) * 1e3;
    if (!sample) return;
    for (let layer = 0; layer < layers; layer++) {
      const at = layer * lanes * width;
      out.set(sums.subarray(at, at + width), layer * width);
    }
  }

  timing(sampled: ReadonlySet<number>): MixerTiming {
    const { mixer, tokens, setupMs, contender } = this;
    const { layers, width, length, lanes = 1 } = mixer.shape;
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
      nsPerTokenChannel: (totalMs * 1e6) / (length * lanes * layers * width),
      tokens: quantiles(tokens.filter((us) => !Number.isNaN(us))),
      curve,
    };
  }
}

/** `REPEATS` consecutive positions in the middle of each of `count` equal strata; all, if that is as many. */
function samplePositions(length: number, count: number): Set<number> {
  const positions = new Set<number>();
  if (count * REPEATS >= length) {
    for (let t = 0; t < length; t++) positions.add(t);
    return positions;
  }
  for (let k = 0; k < count; k++) {
    const middle = Math.floor(((k + 0.5) * length) / count);
    for (let r = 0; r < REPEATS; r++) positions.add(Math.min(length - 1, middle - 1 + r));
  }
  return positions;
}

/** The cumulative curve of positions that were all measured. */
function accumulate(tokens: Float64Array): { position: number; ms: number }[] {
  const every = Math.ceil(tokens.length / CURVE_POINTS);
  const curve: { position: number; ms: number }[] = [];
  let ms = 0;
  tokens.forEach((us, t) => {
    ms += us / 1e3;
    if ((t + 1) % every === 0 || t + 1 === tokens.length) curve.push({ position: t + 1, ms });
  });
  return curve;
}

/** The same from samples: each stratum costs its width times the fastest of its repeats. */
function integrate(tokens: Float64Array, sampled: ReadonlySet<number>): { position: number; ms: number }[] {
  const positions = [...sampled].sort((a, b) => a - b);
  const strata = positions.length / REPEATS;
  const curve: { position: number; ms: number }[] = [];
  let ms = 0;
  for (let k = 0; k < strata; k++) {
    const repeats = positions.slice(k * REPEATS, (k + 1) * REPEATS).map((t) => tokens[t]);
    ms += (Math.min(...repeats) / 1e3) * (tokens.length / strata);
    curve.push({ position: Math.round(((k + 1) * tokens.length) / strata), ms });
  }
  return curve;
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

/** Runs the same mixers for a short while, so that the measured ones start with optimised code. */
async function warmUp({ width, contenders }: MixingOptions): Promise<void> {
  const shape = { layers: 1, width, length: 1024 };
  const y = new Float32Array(width);
  for (const { label, mixer, threads = 1 } of contenders) {
    const track = await Track.open({ label, mixer, threads }, shape);
    track.setFilter(0, new Float32Array(shape.length * width));
    for (let t = 0; t < shape.length; t++) track.step(t, y, y, true);
    await track.mixer.close();
  }
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
