import { KINDS, tileRunner } from '../../engine/index.js';
import { wasmKernels } from '../../kernel/index.js';
import { groupsOf, layoutTiled, LINE, pagesFor, sharedMemory } from '../../memory/index.js';
import type { Plan } from '../../plan/index.js';
import type { Sequence } from '../contract.js';

/**
 * The long convolution by the SIMD kernels, as an instance: all that it brings is a range routine, the tiles of the specialised
 * engine, and lines of float32 in a WebAssembly memory to keep inputs and pending sums in. Where that engine differs from
 * a generic one over this, it is in what it spares: the smallest tiles are part of reading a sum.
 *
 * For a schedule of the plan's levels.
 *
 * @param taps rho, `[time, channel]`, `plan.length` rows, row 0 included
 * @param width channels
 */
export function fastConvolution(
  taps: Float32Array,
  width: number,
  plan: Plan,
): Sequence<Float32Array, Float32Array> {
  const { length } = plan;
  const spec = { shape: { convolutions: 1, width, length }, plan, threads: 1 };
  const groups = groupsOf(width);
  const layout = layoutTiled(spec, 0, groups);
  const own = Math.ceil(layout.bytes / LINE) * LINE;
  const memory = sharedMemory(pagesFor({ bytes: own + 2 * groups * LINE }, 'a sequence'));
  const floats = new Float32Array(memory.buffer);
  const kernels = wasmKernels(memory);
  const bank = { layout, floats, kernels };
  const engine = KINDS.tiled.engine(spec, [bank]);
  engine.prepare(true);
  engine.setFilter(0, { rows: taps, width, length, first: 0 });
  const runners = layout.levels.map((level) => tileRunner(bank, level));
  const { slots, stride, row } = layout;
  // Beside the layout's row, which holds a position's sums: its input, and tap 0.
  const [input, first] = [own, own + groups * LINE];
  const view = (at: number): Float32Array => floats.subarray(at / 4, at / 4 + width);
  const [summed, taken] = [view(row), view(input)];
  view(first).set(taps.subarray(0, width));
  const z = new Float32Array(width);
  return {
    reach: Infinity,
    /** The output is overwritten by the next one. */
    mix(t, y) {
      const line = slots + t * LINE;
      kernels.pendingRow(line, row, stride, 0, 0, groups, 0);
      taken.set(y);
      kernels.addProducts(row, input, first, groups);
      z.set(summed);
      kernels.scatter(input, line, stride, groups);
      return z;
    },
    contribute(inputs, outputs, level) {
      if (level === undefined) throw new RangeError('these tiles are those of a plan');
      runners[level].run(inputs.to, inputs.to - inputs.from, outputs.to - outputs.from, 0, 0, groups, 0);
    },
    state: () => layout.state.map(({ at, bytes }) => floats.slice(at / 4, (at + groups * bytes) / 4)),
    restore(state) {
      (state as Float32Array[]).forEach((values, k) => floats.set(values, layout.state[k].at / 4));
    },
  };
}
