import {
  deferredTile,
  isDeferred,
  sliceAfter,
  tileAfter,
  type Level,
  type Range,
} from '../schedule/index.js';
import type { Sequence } from './contract.js';

/**
 * When contributions are aggregated: each output's just before it is read (lazy), each input's as soon as it is known
 * (eager), or tile by tile (Flash Inference), by the levels of any tiling: binary, of other fan-outs, flat.
 */
export type Schedule = 'lazy' | 'eager' | readonly Level[];

/**
 * Runs any mixers online, one sequence for each layer of a model. At each position, `mix` takes the layers in turn, each
 * layer's input being made of the outputs of those before; `advance` then does, for all layers side by side, what has
 * become due (the paper's Algorithm 4).
 *
 * It knows positions only. The specialised engine for long convolutions (../engine) runs on the same schedules; beyond this
 * one it has threads, lanes, deferred tiles in parts of a layer, and the smallest tiles merged with reading the sums.
 */
export class GenericEngine<Input, Output> {
  private t = 0;
  private mixed = 0;
  /** Indices of the schedule's deferred levels. */
  private readonly deferred: readonly number[];

  constructor(
    private readonly layers: readonly Sequence<Input, Output>[],
    /** Positions that the sequences hold. */
    readonly length: number,
    private readonly schedule: Schedule,
  ) {
    const levels = typeof schedule === 'string' ? [] : schedule;
    this.deferred = [...levels.keys()].filter((index) => isDeferred(levels[index]));
  }

  /** The position whose inputs come next, from 0. */
  get position(): number {
    return this.t;
  }

  /** Takes a layer's input at this position and returns its output. For layers 0, 1, ... in turn. */
  mix(layer: number, input: Input): Output {
    if (this.t >= this.length) throw new RangeError(`all ${this.length} positions are used`);
    if (layer !== this.mixed) throw new RangeError(`layer ${this.mixed} comes next, not ${layer}`);
    this.mixed++;
    const sequence = this.layers[layer];
    const { t } = this;
    if (this.schedule === 'lazy') add(sequence, { from: 0, to: t }, { from: t, to: t + 1 });
    return sequence.mix(t, input);
  }

  /** Ends a position once all layers are mixed. */
  advance(): void {
    const { layers, schedule, length } = this;
    if (this.mixed < layers.length) throw new RangeError(`layer ${this.mixed} has not been mixed`);
    this.mixed = 0;
    const known = ++this.t;
    if (schedule === 'lazy') return;
    if (schedule === 'eager') {
      for (const layer of layers) add(layer, { from: known - 1, to: known }, { from: known, to: length });
      return;
    }
    const tile = schedule.length > 0 ? tileAfter(known, length, schedule) : undefined;
    if (tile) for (const layer of layers) add(layer, tile.inputs, tile.outputs, tile.level);
    // A step does a slice of each deferred tile: some of the layers.
    for (const index of this.deferred) {
      const { side } = schedule[index];
      const deferred = deferredTile(known - (known % side), length, index, schedule);
      if (deferred === undefined) continue;
      const slice = sliceAfter(known, side, layers.length);
      for (const layer of layers.slice(slice.from, slice.to)) {
        add(layer, deferred.inputs, deferred.outputs, index);
      }
    }
  }

  /** What the layers' sequences have to remember; together with the position, all there is. */
  state(): unknown[] {
    return this.layers.map((layer) => layer.state());
  }

  /** Goes on from a position and what `state` was there, under the same schedule. */
  resume(position: number, state: readonly unknown[]): void {
    this.layers.forEach((layer, k) => layer.restore(state[k]));
    this.t = position;
    this.mixed = 0;
  }
}

/** A tile, or what of it is within the sequence's reach. */
function add<Input, Output>(
  sequence: Sequence<Input, Output>,
  { from, to }: Range,
  outputs: Range,
  level?: number,
): void {
  const { reach } = sequence;
  const inputs = { from: Math.max(from, outputs.from - reach + 1), to };
  const within = { from: outputs.from, to: Math.min(outputs.to, to - 1 + reach) };
  if (inputs.from < inputs.to && within.from < within.to) sequence.contribute(inputs, within, level);
}
