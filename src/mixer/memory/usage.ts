import type { MixerShape } from '../shape.js';
import type { Plan } from '../plan/plan.js';
import { layoutConvolution, type TiledLayout } from './layout.js';

/** Bytes that a tiled mixer's arrays take, all convolutions together, but for the last page of each memory. */
export interface PlanMemory {
  /** What is pending, then the inputs. */
  readonly slots: number;
  /** Filters of direct levels, spectra of filters, and what fan-outs keep of inputs. */
  readonly spectra: number;
  /** Taps kept for spectra that are yet to be made. */
  readonly taps: number;
  readonly scratch: number;
  readonly total: number;
  /** By level, what `spectra` is made of. */
  readonly levels: readonly number[];
}

export function planMemory(shape: MixerShape, plan: Plan, threads: number): PlanMemory {
  const layout = layoutConvolution('tiled', shape, plan, threads) as TiledLayout;
  const { convolutions } = shape;
  const { groups, lanes, stride, tapStride, bytes } = layout;
  const levels = layout.levels.map(
    ({ recompute, filterStride, childSpectraStride }) =>
      convolutions * groups * ((recompute ? 0 : filterStride) + lanes * childSpectraStride),
  );
  const slots = convolutions * lanes * groups * stride;
  const taps = convolutions * groups * tapStride;
  const spectra = levels.reduce((sum, level) => sum + level, 0);
  const total = convolutions * bytes;
  return { slots, spectra, taps, scratch: total - slots - spectra - taps, total, levels };
}
