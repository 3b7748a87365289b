/**
 * Implicit filters: taps are an MLP with sines of what is known of a lag, times a window.
 *
 *     h[0] = features[t];  h[k + 1] = sin(frequency (h[k] W[k] + b[k])), k = 0, 1, 2
 *     taps[t] = h[3] last (exp(times[t] decay) + shift)
 *
 * All convolutions of a layer share all but the last matrix. Weights lie in the memory of the mixer or convolver that takes the
 * taps: kernels write these where they are read, on any thread, and another memory would take 10 GiB of address space.
 */
import { Bump, pagesFor, sharedMemory } from '../../webassembly/index.js';
import { type Kernels, wasmKernels } from '../kernel/index.js';
import { GROUP, groupsOf, LINE } from '../memory/index.js';
import type { ImplicitShape } from '../shape.js';

/** Lags evaluated at a time: what lies between the MLP's layers stays in the cache. */
const CHUNK = 32;

/** Lags that are held for whoever evaluates them, see `GrowingTaps`. */
const HELD = 256;

/** Rows that are multiplied together. */
export const ROWS_TOGETHER = 4;

/** Columns of a panel, in which matrices lie: `[column / 8][row][column % 8]`. */
const PANEL = 8;

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** What filters know of some lags: features `[lag, feature]`, times `[lag]`. */
export interface Lags {
  readonly features: Float32Array;
  readonly times: Float32Array;
}

/** Reads element `index` of a tensor, as `hyenaTensors` has it. */
export type ReadValues = (name: string, index: number) => Float32Array;

/** Where taps are read: lines `[unit][row]`, units being channel groups of convolutions. Bytes. */
export interface TapLines {
  readonly taps: number;
  /** From one unit's to the next one's. */
  readonly tapStride: number;
}

/** Memory and kernels that work on it. */
export interface Room {
  /** The whole memory. */
  readonly floats: Float32Array;
  readonly kernels: Kernels;
}

/** Addresses, from where the filters begin. Columns are padded with zeros. */
interface Layout {
  /** Of each layer: weights, bias and number of inputs, three times, then the frequencies of all three. */
  readonly layers: readonly {
    readonly hidden: readonly { readonly weight: number; readonly bias: number; readonly inputs: number }[];
    readonly frequency: number;
  }[];
  readonly convolutions: readonly { readonly last: number; readonly decay: number }[];
  /** `[HELD]` lags. */
  readonly features: number;
  readonly times: number;
  /** `[CHUNK]` rows each, of a thread: lags, what goes into and comes out of a hidden layer, taps. */
  readonly scratch: {
    readonly features: number;
    readonly times: number;
    readonly hidden: readonly [number, number];
    readonly taps: number;
  };
  /** From one thread's scratch to the next one's. */
  readonly scratchStride: number;
  readonly bytes: number;
}

function layOut(shape: ImplicitShape, threads: number): Layout {
  const { layers, perLayer, width, features, hidden } = shape;
  const bump = new Bump();
  const floats = (count: number): number => bump.take(4 * count) - LINE;
  const [h, w] = [roundUp(hidden, PANEL), groupsOf(width) * GROUP];
  const list = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);
  const weights = {
    layers: list(layers, () => ({
      hidden: [features, hidden, hidden].map((inputs) => ({
        weight: floats(inputs * h),
        bias: floats(h),
        inputs,
      })),
      frequency: floats(h),
    })),
    convolutions: list(layers * perLayer, () => ({ last: floats(hidden * w), decay: floats(w) })),
    features: floats(HELD * features),
    times: floats(HELD),
  };
  const scratch = {
    features: floats(CHUNK * features),
    times: floats(CHUNK),
    hidden: [floats(CHUNK * h), floats(CHUNK * h)] as const,
    taps: floats(CHUNK * w),
  };
  const scratchStride = bump.bytes - LINE - scratch.features;
  return { ...weights, scratch, scratchStride, bytes: scratch.features + threads * scratchStride };
}

/** Bytes that filters take, and the scratch of so many threads. */
export function implicitBytes(shape: ImplicitShape, threads = 1): number {
  return layOut(shape, threads).bytes;
}

/** A model's filters at an address of a memory, as one thread sees them. */
export class ImplicitFilters {
  private readonly layout: Layout;
  private readonly scratch: Layout['scratch'];
  private loaded = false;

  constructor(
    readonly shape: ImplicitShape,
    private readonly room: Room,
    private readonly at: number,
    thread = 0,
  ) {
    // Where things are does not depend on the number of threads.
    const { scratch, scratchStride } = (this.layout = layOut(shape, 1));
    const own = (address: number): number => address + thread * scratchStride;
    this.scratch = {
      features: own(scratch.features),
      times: own(scratch.times),
      hidden: [own(scratch.hidden[0]), own(scratch.hidden[1])],
      taps: own(scratch.taps),
    };
  }

  /** In a memory of their own. */
  static alone(shape: ImplicitShape): ImplicitFilters {
    const memory = sharedMemory(pagesFor({ bytes: implicitBytes(shape) }, 'a filter'));
    return new ImplicitFilters(
      shape,
      { floats: new Float32Array(memory.buffer), kernels: wasmKernels(memory) },
      0,
    );
  }

  /** Takes the weights, once. Before anything is evaluated. */
  load(values: ReadValues): void {
    if (this.loaded) return;
    this.loaded = true;
    const { layers, convolutions } = this.layout;
    const { hidden, width } = this.shape;
    layers.forEach((layer, l) => {
      layer.hidden.forEach(({ weight, bias }, k) => {
        this.put(weight, values(`filter.${k}.weight`, l), hidden, roundUp(hidden, PANEL));
        this.put(bias, values(`filter.${k}.bias`, l), hidden, roundUp(hidden, PANEL));
      });
      this.put(layer.frequency, values('filter.frequency', l), hidden, roundUp(hidden, PANEL));
    });
    const padded = groupsOf(width) * GROUP;
    convolutions.forEach(({ last, decay }, c) => {
      this.put(last, values('filter.last', c), width, padded);
      this.put(decay, values('filter.decay', c), width, padded);
    });
  }

  /** Writes a convolution's taps of some lags to `out`, `[lag, width]`: each the same bits whatever the others are. */
  evaluate(convolution: number, { features, times }: Lags, out: Float32Array): void {
    const { shape, at, scratch } = this;
    const { floats } = this.room;
    const { width } = shape;
    const stride = groupsOf(width) * GROUP;
    const layer = Math.floor(convolution / shape.perLayer);
    for (let from = 0; from < times.length; from += CHUNK) {
      const count = Math.min(CHUNK, times.length - from);
      floats.set(
        features.subarray(from * shape.features, (from + count) * shape.features),
        (at + scratch.features) / 4,
      );
      floats.set(times.subarray(from, from + count), (at + scratch.times) / 4);
      // Rows beyond the last come to something that nobody reads.
      const rows = roundUp(count, ROWS_TOGETHER);
      const hidden = this.hidden(layer, at + scratch.features, rows);
      const taps = at + scratch.taps;
      this.taps(convolution, hidden, rows, at + scratch.times, taps, 4 * stride, 0);
      for (let r = 0; r < count; r++) {
        const row = floats.subarray(taps / 4 + r * stride, taps / 4 + r * stride + width);
        if (shape.normalized) normalise(row, shape.smallest);
        out.set(row, (from + r) * width);
      }
    }
  }

  /** Holds lags from `first` on for `grow`, at most `MOST_GROWN`. */
  hold(first: number, { features, times }: Lags): void {
    if (!this.loaded) throw new Error('the filters have no weights yet');
    const { layout, at, room, shape } = this;
    for (let r = 0; r < times.length; r++) {
      const place = (first + r) % HELD;
      const own = features.subarray(r * shape.features, (r + 1) * shape.features);
      room.floats.set(own, (at + layout.features) / 4 + place * shape.features);
      room.floats[(at + layout.times) / 4 + place] = times[r];
    }
  }

  /** Writes a layer's taps of lags that are held to the lines that spectra are made of, as a `GrowingTaps` says. */
  grow(layer: number, first: number, end: number, lines: TapLines): void {
    const { layout, shape, at } = this;
    const groups = groupsOf(shape.width);
    const place = first % HELD;
    const rows = end - first;
    const hidden = this.hidden(layer, at + layout.features + 4 * place * shape.features, rows);
    for (let c = layer * shape.perLayer; c < (layer + 1) * shape.perLayer; c++) {
      for (let group = 0; group < groups; group++) {
        const to = lines.taps + (c * groups + group) * lines.tapStride + first * LINE;
        this.taps(c, hidden, rows, at + layout.times + 4 * place, to, LINE, group);
      }
    }
  }

  /** The last hidden layer of rows whose features begin at an address. */
  private hidden(layer: number, features: number, rows: number): number {
    const { layout, shape, at, scratch } = this;
    const { kernels } = this.room;
    const { hidden, frequency } = layout.layers[layer];
    const stride = 4 * roundUp(shape.hidden, PANEL);
    let [from, fromStride] = [features, 4 * shape.features];
    for (const [k, { weight, bias, inputs }] of hidden.entries()) {
      const to = at + scratch.hidden[k % 2];
      kernels.multiplyRows(from, fromStride, rows, inputs, at + weight, to, stride);
      kernels.sineRows(to, rows, stride, at + bias, at + frequency);
      [from, fromStride] = [to, stride];
    }
    return from;
  }

  /**
   * A convolution's taps, from group `group` on as many as rows of `stride` bytes have room for. Unless they are normalised,
   * all done.
   */
  private taps(
    convolution: number,
    hidden: number,
    rows: number,
    times: number,
    to: number,
    stride: number,
    group: number,
  ): void {
    const { layout, shape, at } = this;
    const { kernels } = this.room;
    const { last, decay } = layout.convolutions[convolution];
    const weights = at + last + group * LINE * shape.hidden;
    kernels.multiplyRows(hidden, 4 * roundUp(shape.hidden, PANEL), rows, shape.hidden, weights, to, stride);
    if (shape.window) kernels.windowRows(to, rows, stride, times, at + decay + group * LINE, shape.shift);
    if (!shape.normalized) kernels.shrinkRows(to, rows, stride, shape.smallest);
  }

  /** A matrix `[row, column]` in panels. */
  private put(address: number, values: Float32Array, columns: number, padded: number): void {
    const { floats } = this.room;
    const rows = values.length / columns;
    let to = (this.at + address) / 4;
    for (let c = 0; c < padded; c += PANEL) {
      for (let r = 0; r < rows; r++, to += PANEL) {
        for (let k = 0; k < PANEL; k++) floats[to + k] = c + k < columns ? values[r * columns + c + k] : 0;
      }
    }
  }
}

/** Divides a lag's taps by the sum of their magnitudes. */
function normalise(taps: Float32Array, smallest: number): void {
  const norm = taps.reduce((sum, tap) => sum + Math.abs(tap), 0);
  for (let c = 0; c < taps.length; c++) {
    const tap = Math.fround(taps[c] / norm);
    taps[c] = Math.abs(tap) > smallest ? tap : 0;
  }
}

/** Lags that `GrowingTaps` can be given at a time. */
export const MOST_GROWN = HELD / 2;

/** Parts of a growth that are done one by one: a layer's rows of a chunk. */
export interface GrowingTaps {
  /** How many parts there are from row `first` to `end`, both multiples of 4. */
  parts(first: number, end: number): number;
  /** Does one of them; the lags must be held. */
  part(index: number, first: number, end: number): void;
}

/** Rows of a chunk end at a multiple of its length: so those of one are side by side where lags are held. */
export function growingTaps(filters: ImplicitFilters, lines: TapLines): GrowingTaps {
  const { layers } = filters.shape;
  const chunks = (first: number, end: number): number => Math.ceil(end / CHUNK) - Math.floor(first / CHUNK);
  return {
    parts: (first, end) => layers * chunks(first, end),
    part(index, first, end) {
      const chunk = Math.floor(first / CHUNK) + Math.floor(index / layers);
      const from = Math.max(first, chunk * CHUNK);
      filters.grow(index % layers, from, Math.min(end, (chunk + 1) * CHUNK), lines);
    },
  };
}
