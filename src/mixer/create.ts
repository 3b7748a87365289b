import type { Mixer, MixerName, MixerShape } from './mixer.js';
import type { Plan } from './plan/plan.js';

export interface MixerOptions {
  readonly name: MixerName;
  readonly shape: MixerShape;
  /** Threads that share the work, the caller's included. Default 1. */
  readonly threads?: number;
  /** Which implementation computes the tiles of each side. Default: the cheapest by measured costs. */
  readonly plan?: Plan;
}

/** Bytes of array memory a mixer will hold, without allocating any of it. Throws a RangeError if it cannot be held. */
export function bytesNeeded(shape: MixerShape, name: MixerName, _plan?: Plan, _threads = 1): number {
  return shape.layers * shape.width * shape.length * 4 * (name === 'tiled' ? 3 : 2);
}

/** Makes a mixer, allocates its memory and starts its threads. */
export function createMixer(options: MixerOptions): Promise<Mixer> {
  return Promise.resolve(new Direct(options.name, options.shape));
}

/** Placeholder arithmetic: the definition, evaluated lazily in float64. */
class Direct implements Mixer {
  position = 0;
  readonly bytes: number;
  private readonly taps: Float32Array[];
  private readonly slots: Float32Array[];

  constructor(
    readonly name: MixerName,
    readonly shape: MixerShape,
  ) {
    const { layers, width, length } = shape;
    this.taps = Array.from({ length: layers }, () => new Float32Array(length * width));
    this.slots = Array.from({ length: layers }, () => new Float32Array(length * width));
    this.bytes = layers * width * length * 8;
  }
  setFilter(layer: number, taps: Float32Array): void {
    this.taps[layer].set(taps);
  }
  addPending(layer: number, values: Float32Array): void {
    const slots = this.slots[layer];
    for (let k = 0; k < slots.length; k++) slots[k] += values[k];
  }
  pending(out: Float32Array): void {
    const { layers, width } = this.shape;
    const t = this.position;
    for (let l = 0; l < layers; l++) {
      for (let c = 0; c < width; c++) {
        let sum = this.slots[l][t * width + c];
        for (let i = 0; i < t; i++) sum += this.slots[l][i * width + c] * this.taps[l][(t - i) * width + c];
        out[l * width + c] = sum;
      }
    }
  }
  push(y: Float32Array): void {
    const { layers, width, length } = this.shape;
    if (this.position >= length) throw new RangeError(`push past the length ${length}`);
    for (let l = 0; l < layers; l++) {
      this.slots[l].set(y.subarray(l * width, (l + 1) * width), this.position * width);
    }
    this.position++;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
