import { setImmediate } from 'node:timers/promises';
import { build, buildOn, type Mixer, OnlineMixer, type Recipe } from '../mixer/index.js';
import type { Definition } from './definition.js';
import { Random } from './random.js';
import type { Sampling } from './sampling.js';

/** The event loop gets a turn every so many ms, between two positions: signals are heard, however long a run takes. */
const BREATH = 100;

/** What a run over all positions took. */
export interface RunTimes {
  /** Of each position, us; NaN where it was not measured. */
  readonly tokens: Float64Array;
  /** CPU time of the process, all its threads, and time, both with preparing inputs; ms. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

export interface TrackOptions {
  readonly seed: number;
  readonly definition: Definition;
  /** Positions at which a baseline is measured. */
  readonly sampling: Sampling;
  readonly label: string;
  /** Called now and then. What it throws ends the run. */
  readonly breathe: () => void;
}

/** A mixer's way through a run: made, given its filters, and then one position after the other, as generation does. */
export class Track {
  /** Making the mixer, its threads included, and setting all filters, ms: spectra and all that comes once. */
  setupMs = 0;
  /** `[convolution, lane, channel]`. */
  private readonly y: Float32Array;
  private readonly sums: Float32Array;
  /** Of lane 0, `[convolution, channel]`. */
  private readonly out: Float32Array;
  private readonly inputs: Float32Array;
  private random: Random;
  private position = 0;
  /** Of the run that has begun, us by position; NaN where it was not measured. */
  readonly tokens: Float64Array;

  private constructor(
    readonly mixer: Mixer,
    private readonly options: TrackOptions,
  ) {
    const { convolutions, width, length, lanes = 1 } = mixer.shape;
    this.y = new Float32Array(convolutions * lanes * width);
    this.sums = new Float32Array(convolutions * lanes * width);
    this.out = new Float32Array(convolutions * width);
    this.inputs = new Float32Array(convolutions * width);
    this.tokens = new Float64Array(length).fill(NaN);
    this.random = new Random(options.seed + 1);
  }

  static async open(recipe: Recipe, options: TrackOptions): Promise<Track> {
    const begin = performance.now();
    // Taps that depend on the data come with the inputs.
    const dependent = recipe.shape.filter?.kind === 'data-dependent';
    const track = new Track(await (dependent ? build(recipe) : buildOn(recipe)), options);
    track.setupMs = performance.now() - begin;
    if (dependent) return track;
    const { convolutions, width, length } = recipe.shape;
    const filters = new Random(options.seed);
    const taps = new Float32Array(length * width);
    try {
      for (let convolution = 0; convolution < convolutions; convolution++) {
        filters.fill(taps);
        options.definition.setFilter(convolution, taps);
        await track.breathe();
        const begin = performance.now();
        track.mixer.setFilter(convolution, taps);
        track.setupMs += performance.now() - begin;
      }
    } catch (error) {
      await track.mixer.close();
      throw error;
    }
    return track;
  }

  /** One run from position 0, on the same inputs every time. */
  async run(): Promise<RunTimes> {
    this.restart();
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    await this.advance(this.mixer.shape.length);
    const { user, system } = process.cpuUsage(cpu);
    const wallMs = performance.now() - began;
    return { tokens: this.tokens.slice(), cpuMs: (user + system) / 1e3, wallMs };
  }

  /** Goes on up to a position, exclusive. */
  async advance(to: number): Promise<void> {
    let breathed = performance.now();
    for (; this.position < to; this.position++) {
      this.step(this.position, this.random.fill(this.inputs));
      if (performance.now() - breathed > BREATH) {
        await this.breathe();
        breathed = performance.now();
      }
    }
  }

  private restart(): void {
    if (this.position > 0) this.mixer.reset();
    this.position = 0;
    this.random = new Random(this.options.seed + 1);
    this.tokens.fill(NaN);
  }

  /** A tiled mixer always does all of a position, the others what a sample needs. */
  private step(t: number, inputs: Float32Array): void {
    const { mixer, y, sums, tokens, options } = this;
    const { width, convolutions, lanes = 1 } = mixer.shape;
    const { definition, sampling } = options;
    definition.setInputs(t, inputs);
    const sampled = sampling.measured.has(t);
    const all = sampling.strata.length === 0;
    if (mixer instanceof OnlineMixer && mixer.name === 'eager' && !all) {
      if (!sampled) return;
      mixer.skipTo(t);
    }
    for (let convolution = 0; convolution < convolutions; convolution++) {
      const row = inputs.subarray(convolution * width, (convolution + 1) * width);
      for (let lane = 0; lane < lanes; lane++) y.set(row, (convolution * lanes + lane) * width);
    }
    // A lazy mixer's inputs are needed at every position, its sums only where they are measured.
    const whole = sampled || mixer.name === 'tiled';
    const begin = performance.now();
    if (whole) mixer.pending(sums);
    mixer.push(y);
    if (whole) tokens[t] = (performance.now() - begin) * 1e3;
    // An eager mixer that skips positions has no sums.
    const whatToCheck = mixer.name !== 'eager' || all;
    if (whole && whatToCheck && definition.positions.has(t)) this.check(t);
  }

  private check(t: number): void {
    const { mixer, sums, out, options } = this;
    const { width, convolutions, lanes = 1 } = mixer.shape;
    for (let convolution = 0; convolution < convolutions; convolution++) {
      const at = convolution * lanes * width;
      out.set(sums.subarray(at, at + width), convolution * width);
    }
    options.definition.check(t, out, options.label);
  }

  private async breathe(): Promise<void> {
    await setImmediate();
    this.options.breathe();
  }
}
