import { type Plan, recomputes } from '../plan/index.js';
import type { MixerShape } from '../shape.js';
import { dealBanks } from './bank.js';
import { layoutTiled } from './tiled.js';

/** Bytes that a tiled mixer's arrays take, all convolutions together, but for the last page of each memory. */
export interface PlanMemory {
  /** What is pending, then the inputs. */
  readonly slots: number;
  /** Filters of direct levels, spectra of filters, what fans keep of inputs, and states of modes. */
  readonly spectra: number;
  /** Taps kept for spectra that are yet to be made. */
  readonly taps: number;
  readonly scratch: number;
  readonly total: number;
  /** By level, what `spectra` is made of. */
  readonly levels: readonly number[];
}

export function planMemory(shape: MixerShape, plan: Plan, threads: number): PlanMemory {
  const banks = dealBanks(shape, (first, units) => layoutTiled({ shape, plan, threads }, first, units));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const levels = plan.levels.map((level, k) =>
    sum(
      banks.map(({ units, lanes, levels }) => {
        const { filterStride, childSpectraStride, modeStatesStride } = levels[k];
        const spectra = recomputes(level) ? 0 : filterStride + lanes * childSpectraStride;
        return units * (spectra + lanes * modeStatesStride);
      }),
    ),
  );
  const slots = sum(banks.map(({ lanes, units, stride }) => lanes * units * stride));
  const taps = sum(banks.map(({ units, tapStride, tapAreas }) => (tapAreas > 0 ? 0 : units * tapStride)));
  const spectra = sum(levels);
  const total = sum(banks.map(({ bytes }) => bytes));
  return { slots, spectra, taps, scratch: total - slots - spectra - taps, total, levels };
}
