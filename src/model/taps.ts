/** Evaluates implicit filters. */
import type { FilterDimensions, ModelDimensions } from './config.js';
import { filterFeatures, type Features } from './features.js';
import type { Runtime, Session } from './session.js';

/** Lags evaluated at a time: what ONNX Runtime holds between the filter's layers stays in the cache. */
const CHUNK = 1024;

export class FilterEvaluator {
  constructor(
    private readonly runtime: Runtime,
    private readonly session: Session,
    private readonly model: ModelDimensions,
    private readonly filter: FilterDimensions,
  ) {}

  /** Features of `length` lags: the same for every mixer, so a caller who wants several computes them once. */
  features(length: number): Features {
    return filterFeatures(this.filter, this.model.context, length);
  }

  /** Writes a mixer's taps for the lags of `features` to `out`, `[length, width]`. */
  async evaluate(mixer: number, { length, features, times }: Features, out: Float32Array): Promise<void> {
    const { Tensor } = this.runtime;
    const { width } = this.model;
    const size = this.filter.features;
    const rho0 = new Float32Array(width);
    const which = new Tensor('int64', BigInt64Array.of(BigInt(mixer)), []);
    const skip = new Tensor('float32', rho0, [width]);
    for (let start = 0; start < length; start += CHUNK) {
      const end = Math.min(length, start + CHUNK);
      const rows = end - start;
      const part = (all: Float32Array, columns: number): InstanceType<typeof Tensor> =>
        new Tensor('float32', all.subarray(start * columns, end * columns), [rows, columns]);
      const feeds = { mixer: which, features: part(features, size), times: part(times, 1) };
      await this.session.run(feeds, { taps: part(out, width), rho0: skip });
    }
    out.set(rho0);
  }

  close(): Promise<void> {
    return this.session.release();
  }
}
