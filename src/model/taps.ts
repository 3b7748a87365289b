/** Taps of implicit filters, those that are asked for again and again kept. */
import { setImmediate } from 'node:timers/promises';
import type { Weights } from '../bundle/index.js';
import {
  type Features,
  type FilterDimensions,
  filterFeatures,
  type HyenaDimensions,
} from '../hyena/index.js';
import { createWorkspace, type Workspace } from '../mixer/index.js';
import { implicitFilterBytes, ImplicitFilters } from './implicit-filters.js';

/** Lags evaluated before whoever else waits for this thread has a turn: some ms. */
const TURN = 1024;

/** Bytes of taps kept, all convolutions together, so that many short texts do not evaluate the same filters again and again. */
const KEPT = 1 << 25;

export class FilterEvaluator {
  /** Bytes of a workspace to evaluate filters in. */
  readonly workspaceBytes: number;
  /** The first taps of each convolution met so far, `[time, width]`. */
  private readonly kept = new Map<number, Float32Array>();
  private latest: Features | undefined;
  /** Those that have been evaluated in. */
  private readonly filters = new WeakMap<Workspace, ImplicitFilters>();
  private own: Workspace | undefined;

  constructor(
    private readonly weights: Weights,
    private readonly model: HyenaDimensions,
    private readonly filter: FilterDimensions,
  ) {
    this.workspaceBytes = implicitFilterBytes(model, filter);
  }

  /**
   * Writes a convolution's taps `start` ... `end` - 1 to `out`, `[end - start, width]`: the same numbers, whatever is asked for, and
   * wherever it is computed.
   */
  async write(
    convolution: number,
    start: number,
    end: number,
    out: Float32Array,
    workspace = (this.own ??= createWorkspace(this.workspaceBytes)),
  ): Promise<void> {
    const { layers, order, width, context } = this.model;
    // Texts differ in length: with some to spare, the next one finds its taps here too.
    const generous = Math.min(context, 2 ** Math.ceil(Math.log2(end)));
    let kept = this.kept.get(convolution);
    if (start === 0 && generous * width * 4 * layers * (order - 1) <= KEPT && !covers(kept, end * width)) {
      kept = new Float32Array(generous * width);
      await this.evaluate(convolution, 0, generous, kept, workspace);
      this.kept.set(convolution, kept);
    }
    if (covers(kept, end * width)) out.set(kept.subarray(start * width, end * width));
    else await this.evaluate(convolution, start, end, out, workspace);
  }

  private async evaluate(
    convolution: number,
    start: number,
    end: number,
    out: Float32Array,
    workspace: Workspace,
  ): Promise<void> {
    const { weights, model, filter } = this;
    const { width } = model;
    let filters = this.filters.get(workspace);
    if (filters === undefined) {
      filters = new ImplicitFilters(model, filter, (...of) => weights.values(...of), workspace);
      this.filters.set(workspace, filters);
    }
    for (let from = start; from < end; from += TURN) {
      if (from > start) await setImmediate();
      const to = Math.min(end, from + TURN);
      const taps = out.subarray((from - start) * width, (to - start) * width);
      filters.evaluate(convolution, this.features(convolution, from, to), taps);
    }
    // With the skip weight folded in.
    if (start === 0) out.set(weights.values('rho0', convolution));
  }

  /** What filters know of lags: the same for every convolution, or in the bundle for each layer. */
  private features(convolution: number, start: number, end: number): Pick<Features, 'features' | 'times'> {
    const { filter, model, weights, latest } = this;
    if (filter.positions === 'stored') {
      const layer = Math.floor(convolution / (model.order - 1));
      const rows = (name: string): Float32Array => weights.rows(name, layer, start, end);
      return { features: rows('filter.features'), times: rows('filter.times') };
    }
    if (latest?.start !== start || latest.end !== end) {
      this.latest = filterFeatures(filter, model.context, start, end);
    }
    return this.latest!;
  }
}

/** Whether the taps kept are as many values, at least. */
function covers(kept: Float32Array | undefined, values: number): kept is Float32Array {
  return kept !== undefined && kept.length >= values;
}
