/** Evaluates implicit filters. */
import {
  type Features,
  type FilterDimensions,
  filterFeatures,
  type HyenaDimensions,
} from '../hyena/index.js';
import { runGraph, type Graph } from './run.js';
import type { Runtime } from './session.js';

/** Lags evaluated at a time: what ONNX Runtime holds between the filter's layers stays in the cache. */
const CHUNK = 1024;

/** Bytes of taps kept, all convolutions together, so that many short texts do not evaluate the same filters again and again. */
const KEPT = 1 << 25;

/** Features of filters whose positions are in the bundle. */
const NOTHING = new Float32Array(0);

export class FilterEvaluator {
  /** The first taps of each convolution met so far, `[time, width]`. */
  private readonly kept = new Map<number, Float32Array>();
  private latest: Features | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly graph: Graph,
    private readonly model: HyenaDimensions,
    private readonly filter: FilterDimensions,
  ) {}

  /** Writes a convolution's taps `start` ... `end` - 1 to `out`, `[end - start, width]`: the same numbers, whatever is asked for. */
  async write(convolution: number, start: number, end: number, out: Float32Array): Promise<void> {
    const { layers, order, width, context } = this.model;
    // Texts differ in length: with some to spare, the next one finds its taps here too.
    const generous = Math.min(context, 2 ** Math.ceil(Math.log2(end)));
    let kept = this.kept.get(convolution);
    if (start === 0 && generous * width * 4 * layers * (order - 1) <= KEPT && !covers(kept, end * width)) {
      kept = new Float32Array(generous * width);
      await this.evaluate(convolution, this.features(0, generous), kept);
      this.kept.set(convolution, kept);
    }
    if (covers(kept, end * width)) out.set(kept.subarray(start * width, end * width));
    else await this.evaluate(convolution, this.features(start, end), out);
  }

  /** The same for every convolution. */
  private features(start: number, end: number): Features {
    const { filter, latest } = this;
    if (filter.positions === 'stored') return { start, end, features: NOTHING, times: NOTHING };
    if (latest?.start !== start || latest.end !== end) {
      this.latest = filterFeatures(filter, this.model.context, start, end);
    }
    return this.latest!;
  }

  private async evaluate(convolution: number, of: Features, out: Float32Array): Promise<void> {
    // A single row would take another matrix kernel, which rounds differently, and a tap must not depend on how many
    // are asked for: it is computed together with a neighbour.
    if (of.end - of.start === 1) {
      const { width, context } = this.model;
      const first = Math.max(0, of.end < context ? of.start : of.start - 1);
      const pair = new Float32Array(2 * width);
      await this.evaluate(convolution, this.features(first, first + 2), pair);
      out.set(pair.subarray((of.start - first) * width, (of.start - first + 1) * width));
      return;
    }
    const { Tensor } = this.runtime;
    const { width } = this.model;
    const size = this.filter.features;
    const tap0 = new Float32Array(width);
    const which = new Tensor('int64', BigInt64Array.of(BigInt(convolution)), []);
    const first = new Tensor('float32', tap0, [width]);
    const rows = of.end - of.start;
    for (let from = 0; from < rows; from += CHUNK) {
      const to = Math.min(rows, from + CHUNK);
      const begin = to - from === 1 ? from - 1 : from;
      const bound = (row: number): InstanceType<typeof Tensor> =>
        new Tensor('int64', BigInt64Array.of(BigInt(of.start + row)), [1]);
      const part = (all: Float32Array, columns: number): InstanceType<typeof Tensor> =>
        new Tensor('float32', all.subarray(begin * columns, to * columns), [to - begin, columns]);
      const lags =
        this.filter.positions === 'stored'
          ? { start: bound(begin), end: bound(to) }
          : { features: part(of.features, size), times: part(of.times, 1) };
      await runGraph(this.graph, { convolution: which, ...lags }, { taps: part(out, width), tap0: first });
    }
    if (of.start === 0) out.set(tap0);
  }

  close(): Promise<void> {
    return this.graph.session.release();
  }
}

/** Whether the taps kept are as many values, at least. */
function covers(kept: Float32Array | undefined, values: number): kept is Float32Array {
  return kept !== undefined && kept.length >= values;
}
