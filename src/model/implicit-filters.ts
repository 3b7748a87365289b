/** Implicit filters, evaluated by our own kernels: see filter-graph.ts of src/hyena for what they are. */
import { type Features, type FilterDimensions, type HyenaDimensions, SMALLEST_TAP } from '../hyena/index.js';
import type { Workspace } from '../mixer/index.js';

/** Lags evaluated at a time: what lies between the MLP's layers stays in the cache. */
const CHUNK = 32;

/** Rows that are multiplied together, and columns: rows are padded to a multiple of these. */
const [ROWS, VALUES] = [4, 8];

/** Arrays begin at a multiple of so many bytes. */
const LINE = 64;

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;
const padded = (values: number): number => roundUp(values, VALUES);

/** Reads a copy of element `index` of a tensor of the bundle. */
export type ReadValues = (name: string, index: number) => Float32Array;

/** Addresses in a workspace, from its beginning. Matrices are `[padded out / 8][in][8]`, vectors `[padded]`. */
interface Layout {
  /** Of each layer: three times weights, bias and the number of inputs, then the frequencies of all three. */
  readonly layers: readonly {
    readonly hidden: readonly { readonly weight: number; readonly bias: number; readonly inputs: number }[];
    readonly frequency: number;
  }[];
  readonly convolutions: readonly { readonly last: number; readonly decay: number }[];
  /** `[CHUNK]` rows each: features, times, what goes into and comes out of a hidden layer, taps. */
  readonly features: number;
  readonly times: number;
  readonly hidden: readonly [number, number];
  readonly taps: number;
  readonly bytes: number;
}

function layOut({ layers, order, width }: HyenaDimensions, { features, hidden }: FilterDimensions): Layout {
  let bytes = 0;
  const take = (floats: number): number => {
    const at = bytes;
    bytes += roundUp(4 * floats, LINE);
    return at;
  };
  const [h, w] = [padded(hidden), padded(width)];
  const list = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);
  return {
    layers: list(layers, () => ({
      hidden: [features, hidden, hidden].map((inputs) => ({
        weight: take(inputs * h),
        bias: take(h),
        inputs,
      })),
      frequency: take(h),
    })),
    convolutions: list(layers * (order - 1), () => ({ last: take(hidden * w), decay: take(w) })),
    features: take(CHUNK * features),
    times: take(CHUNK),
    hidden: [take(CHUNK * h), take(CHUNK * h)],
    taps: take(CHUNK * w),
    bytes,
  };
}

/** Bytes of the workspace that a model's filters take. */
export function implicitFilterBytes(model: HyenaDimensions, filter: FilterDimensions): number {
  return layOut(model, filter).bytes;
}

/** A model's filters in a workspace. */
export class ImplicitFilters {
  private readonly layout: Layout;

  constructor(
    private readonly model: HyenaDimensions,
    private readonly filter: FilterDimensions,
    values: ReadValues,
    private readonly workspace: Workspace,
  ) {
    const { layers, convolutions } = (this.layout = layOut(model, filter));
    const { hidden } = filter;
    layers.forEach((layer, l) => {
      layer.hidden.forEach(({ weight, bias }, k) => {
        this.put(weight, values(`filter.${k}.weight`, l), hidden);
        this.put(bias, values(`filter.${k}.bias`, l), hidden);
      });
      this.put(layer.frequency, values('filter.frequency', l), hidden);
    });
    convolutions.forEach(({ last, decay }, c) => {
      this.put(last, values('filter.last', c), model.width);
      this.put(decay, values('filter.decay', c), model.width);
    });
  }

  /** Writes a convolution's taps of some lags, at least one, to `out`, `[lag, width]`: each the same bits whatever the others are. */
  evaluate(
    convolution: number,
    { features, times }: Pick<Features, 'features' | 'times'>,
    out: Float32Array,
  ): void {
    const { width } = this.model;
    const size = this.filter.features;
    for (let from = 0; from < times.length; from += CHUNK) {
      const to = Math.min(times.length, from + CHUNK);
      const part = (all: Float32Array, columns: number): Float32Array =>
        all.subarray(from * columns, to * columns);
      this.evaluateChunk(convolution, part(features, size), part(times, 1), part(out, width));
    }
  }

  private evaluateChunk(
    convolution: number,
    features: Float32Array,
    times: Float32Array,
    out: Float32Array,
  ): void {
    const { layout, filter, model } = this;
    const { floats, kernels, at } = this.workspace;
    const layer = layout.layers[Math.floor(convolution / (model.order - 1))];
    const { last, decay } = layout.convolutions[convolution];
    const [h, w] = [filter.hidden, model.width].map((values) => 4 * padded(values));
    // Rows beyond the last come to something that nobody reads.
    const rows = roundUp(times.length, ROWS);
    floats.set(features, (at + layout.features) / 4);
    floats.set(times, (at + layout.times) / 4);
    let [from, stride] = [at + layout.features, 4 * filter.features];
    for (const [k, { weight, bias, inputs }] of layer.hidden.entries()) {
      const to = at + layout.hidden[k % 2];
      kernels.multiplyRows(from, stride, rows, inputs, at + weight, to, h);
      kernels.sineRows(to, rows, h, at + bias, at + layer.frequency);
      [from, stride] = [to, h];
    }
    const taps = at + layout.taps;
    kernels.multiplyRows(from, h, rows, filter.hidden, at + last, taps, w);
    if (filter.modulate !== false) {
      kernels.windowRows(taps, rows, w, at + layout.times, at + decay, filter.shift);
    }
    const row = (r: number, count = 1): Float32Array =>
      floats.subarray((taps + r * w) / 4, (taps + (r + count - 1) * w) / 4 + model.width);
    if (filter.normalized) for (let r = 0; r < times.length; r++) normalise(row(r));
    kernels.shrinkRows(taps, rows, w, SMALLEST_TAP);
    if (w === 4 * model.width) out.set(row(0, times.length));
    else for (let r = 0; r < times.length; r++) out.set(row(r), r * model.width);
  }

  /** A matrix `[row, column]` as `[column / 8][row][column % 8]`, the last columns padded with zeros. */
  private put(address: number, values: Float32Array, columns: number): void {
    const { floats, at } = this.workspace;
    const rows = values.length / columns;
    let to = (at + address) / 4;
    for (let c = 0; c < columns; c += VALUES) {
      for (let r = 0; r < rows; r++, to += VALUES) {
        for (let k = 0; k < VALUES; k++) floats[to + k] = c + k < columns ? values[r * columns + c + k] : 0;
      }
    }
  }
}

/** Divides a lag's taps by the sum of their magnitudes. */
function normalise(taps: Float32Array): void {
  const norm = taps.reduce((sum, tap) => sum + Math.abs(tap), 0);
  for (let c = 0; c < taps.length; c++) taps[c] /= norm;
}
