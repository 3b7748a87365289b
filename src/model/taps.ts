/** Taps of implicit filters, those that are asked for again and again kept. */
import { setImmediate } from 'node:timers/promises';
import type { Weights } from '../bundle/index.js';
import {
  type Features,
  type FilterDimensions,
  filterFeatures,
  type HyenaDimensions,
  SMALLEST_TAP,
} from '../hyena/index.js';
import { ImplicitFilters, type ImplicitShape, type Lags } from '../mixer/index.js';

/** Lags evaluated before whoever else waits for this thread has a turn: some ms. */
const TURN = 1024;

/** Bytes of taps kept, all convolutions together, so that many short texts do not evaluate the same filters again and again. */
const KEPT = 1 << 25;

export class FilterEvaluator {
  /** What a mixer's memory has to have room for. */
  readonly shape: ImplicitShape;
  /** The first taps of each convolution met so far, `[time, width]`. */
  private readonly kept = new Map<number, Float32Array>();
  private latest: Features | undefined;
  private own: ImplicitFilters | undefined;

  constructor(
    private readonly weights: Weights,
    private readonly model: HyenaDimensions,
    private readonly filter: FilterDimensions,
  ) {
    const { layers, order, width } = model;
    const { features, hidden, shift, modulate, normalized } = filter;
    this.shape = {
      layers,
      perLayer: order - 1,
      width,
      features,
      hidden,
      window: modulate !== false,
      shift,
      normalized: normalized === true,
      smallest: SMALLEST_TAP,
    };
  }

  /**
   * Writes a convolution's taps `start` ... `end` - 1 to `out`, `[end - start, width]`: the same numbers, whatever is asked
   * for, and wherever it is computed.
   */
  async write(
    convolution: number,
    start: number,
    end: number,
    out: Float32Array,
    filters = (this.own ??= ImplicitFilters.alone(this.shape)),
  ): Promise<void> {
    const { layers, order, width, context } = this.model;
    // Texts differ in length: with some to spare, the next one finds its taps here too.
    const generous = Math.min(context, 2 ** Math.ceil(Math.log2(end)));
    // Even if the first taps are kept: the mixer may go on by itself.
    filters.load((...of) => this.weights.values(...of));
    let kept = this.kept.get(convolution);
    if (start === 0 && generous * width * 4 * layers * (order - 1) <= KEPT && !covers(kept, end * width)) {
      kept = new Float32Array(generous * width);
      await this.evaluate(convolution, 0, generous, kept, filters);
      this.kept.set(convolution, kept);
    }
    if (covers(kept, end * width)) out.set(kept.subarray(start * width, end * width));
    else await this.evaluate(convolution, start, end, out, filters);
  }

  private async evaluate(
    convolution: number,
    start: number,
    end: number,
    out: Float32Array,
    filters: ImplicitFilters,
  ): Promise<void> {
    const { weights } = this;
    const { width } = this.model;
    for (let from = start; from < end; from += TURN) {
      if (from > start) await setImmediate();
      const to = Math.min(end, from + TURN);
      const taps = out.subarray((from - start) * width, (to - start) * width);
      filters.evaluate(convolution, this.lagsOf(convolution, from, to), taps);
    }
    // With the skip weight folded in.
    if (start === 0) out.set(weights.values('rho0', convolution));
  }

  /** What all filters know of lags; undefined where each layer's know something else. */
  lags(start: number, end: number): Lags | undefined {
    const { filter, model, latest } = this;
    if (filter.positions === 'stored') return undefined;
    if (latest?.start !== start || latest.end !== end) {
      this.latest = filterFeatures(filter, model.context, start, end);
    }
    return this.latest;
  }

  private lagsOf(convolution: number, start: number, end: number): Lags {
    const { model, weights } = this;
    const layer = Math.floor(convolution / (model.order - 1));
    const rows = (name: string): Float32Array => weights.rows(name, layer, start, end);
    return this.lags(start, end) ?? { features: rows('filter.features'), times: rows('filter.times') };
  }
}

/** Whether the taps kept are as many values, at least. */
function covers(kept: Float32Array | undefined, values: number): kept is Float32Array {
  return kept !== undefined && kept.length >= values;
}
