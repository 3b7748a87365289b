/** Evaluates implicit filters. */
import type { FilterDimensions, ModelDimensions } from './config.js';
import { filterFeatures, type Features } from './features.js';
import type { Runtime, Session } from './session.js';

/** Lags evaluated at a time: what ONNX Runtime holds between the filter's layers stays in the cache. */
const CHUNK = 1024;

/** Bytes of taps kept, all mixers together, so that many short texts do not evaluate the same filters again and again. */
const KEPT = 1 << 25;

/** Features of filters whose positions are in the bundle. */
const NOTHING = new Float32Array(0);

export class FilterEvaluator {
  /** The first taps of each mixer met so far, `[time, width]`. */
  private readonly kept = new Map<number, Float32Array>();
  private latest: Features | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly session: Session,
    private readonly model: ModelDimensions,
    private readonly filter: FilterDimensions,
  ) {}

  /** Writes a mixer's first `length` taps to `out`, `[length, width]`. */
  async write(mixer: number, length: number, out: Float32Array): Promise<void> {
    const { layers, order, width, context } = this.model;
    const size = length * width;
    const kept = this.kept.get(mixer);
    if (kept !== undefined && kept.length >= size) {
      out.set(kept.subarray(0, size));
      return;
    }
    // Texts differ in length: with some to spare, the next one finds its taps here too.
    const generous = Math.min(context, 2 ** Math.ceil(Math.log2(length)));
    if (generous * width * 4 * layers * (order - 1) > KEPT) {
      await this.evaluate(mixer, this.features(length), out);
      return;
    }
    const taps = new Float32Array(generous * width);
    await this.evaluate(mixer, this.features(generous), taps);
    this.kept.set(mixer, taps);
    out.set(taps.subarray(0, size));
  }

  /** The same for every mixer. */
  private features(length: number): Features {
    if (this.filter.positions === 'stored') return { length, features: NOTHING, times: NOTHING };
    if (this.latest?.length !== length) this.latest = filterFeatures(this.filter, this.model.context, length);
    return this.latest;
  }

  private async evaluate(
    mixer: number,
    { length, features, times }: Features,
    out: Float32Array,
  ): Promise<void> {
    const { Tensor } = this.runtime;
    const { width } = this.model;
    const size = this.filter.features;
    const tap0 = new Float32Array(width);
    const which = new Tensor('int64', BigInt64Array.of(BigInt(mixer)), []);
    const first = new Tensor('float32', tap0, [width]);
    for (let from = 0; from < length; from += CHUNK) {
      const end = Math.min(length, from + CHUNK);
      // A single row would take another matrix kernel, which rounds differently, and a tap must not depend on
      // how many are asked for: such a row is computed together with the one before.
      const start = from > 0 && end - from === 1 ? from - 1 : from;
      const rows = end - start;
      const bound = (lag: number): InstanceType<typeof Tensor> =>
        new Tensor('int64', BigInt64Array.of(BigInt(lag)), [1]);
      const part = (all: Float32Array, columns: number): InstanceType<typeof Tensor> =>
        new Tensor('float32', all.subarray(start * columns, end * columns), [rows, columns]);
      const lags =
        this.filter.positions === 'stored'
          ? { start: bound(start), end: bound(end) }
          : { features: part(features, size), times: part(times, 1) };
      await this.session.run({ mixer: which, ...lags }, { taps: part(out, width), tap0: first });
    }
    out.set(tap0);
  }

  close(): Promise<void> {
    return this.session.release();
  }
}
