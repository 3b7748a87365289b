import { pagesFor, sharedMemory } from '../../../webassembly/index.js';
import { KINDS, tileRunner } from '../../engine/index.js';
import { wasmKernels } from '../../kernel/index.js';
import { GROUP, groupsOf, layoutTiled, LINE } from '../../memory/index.js';
import type { Plan } from '../../plan/index.js';
import type { Sequence } from '../contract.js';
import type { ConvolutionShape } from '../mixers/convolution.js';

/**
 * The long convolution by the SIMD kernels, as an instance: all that it brings is a range routine, the tiles of the specialised
 * engine, and lines of float32 in a WebAssembly memory to keep inputs and pending sums in. Where that engine differs from
 * a generic one over this, it is in what it spares: the smallest tiles are part of reading a sum.
 *
 * Channels of a head have one filter, as the lanes of a mixer do: so they are lanes here, and taps and spectra are kept, and read
 * by a tile, once for each head.
 *
 * For a schedule of the plan's levels.
 *
 * @param taps rho, `[time, head]`, `plan.length` rows, row 0 included
 */
export function fastConvolution(
  taps: Float32Array,
  { width, heads = width }: ConvolutionShape,
  plan: Plan,
): Sequence<Float32Array, Float32Array> {
  const { length } = plan;
  if (!Number.isInteger(width / heads))
    throw new RangeError(`${width} channels are not ${heads} equal heads`);
  const { copies, lanes } = lanesOf(width, heads);
  const columns = heads * copies;
  const spec = { shape: { convolutions: 1, width: columns, length, lanes }, plan, threads: 1 };
  const units = groupsOf(columns);
  const layout = layoutTiled(spec, 0, units);
  const lines = lanes * units;
  const own = Math.ceil(layout.bytes / LINE) * LINE;
  const memory = sharedMemory(pagesFor({ bytes: own + 2 * lines * LINE }, 'a sequence'));
  const floats = new Float32Array(memory.buffer);
  const kernels = wasmKernels(memory);
  const bank = { layout, floats, kernels };
  const engine = KINDS.tiled.engine(spec, [bank]);
  engine.prepare(true);
  engine.setFilter(0, { rows: repeated(taps, heads, copies), width: columns, length, first: 0 });
  const runners = layout.levels.map((level) => tileRunner(bank, level));
  /**
   * By level, what does all lines in one call. Of several lanes, direct tiles whose lines all want the same taps: lines of the
   * only unit follow each other as units do.
   */
  const atOnce = layout.levels.map((level, k) => {
    if (lanes === 1) return runners[k];
    if (units > 1 || level.plan.kind !== 'direct') return undefined;
    return tileRunner(
      { ...bank, layout: { ...layout, units: lanes, lanes: 1 } },
      { ...level, filterStride: 0 },
    );
  });
  const { slots, stride, row } = layout;
  // Beside the layout's row, which holds a position's sums: its input, and tap 0.
  const [input, first] = [own, own + lines * LINE];
  const view = (at: number): Float32Array => floats.subarray(at / 4, at / 4 + lines * GROUP);
  const [summed, taken, firsts] = [view(row), view(input), view(first)];
  const places = placesOf({ width, heads }, copies, units);
  places.forEach((place, c) => (firsts[place] = taps[Math.floor((c * heads) / width)]));
  const z = new Float32Array(width);
  return {
    reach: Infinity,
    /** The output is overwritten by the next one. */
    mix(t, y) {
      const line = slots + t * LINE;
      kernels.pendingRow(line, row, stride, 0, 0, lines, 0);
      if (heads === width) taken.set(y);
      else for (let c = 0; c < width; c++) taken[places[c]] = y[c];
      kernels.addProducts(row, input, first, lines);
      for (let c = 0; c < width; c++) z[c] = summed[places[c]];
      kernels.scatter(input, line, stride, lines);
      return z;
    },
    contribute(inputs, outputs, level) {
      if (level === undefined) throw new RangeError('these tiles are those of a plan');
      const [rows, count] = [inputs.to - inputs.from, outputs.to - outputs.from];
      const whole = atOnce[level];
      if (whole !== undefined) {
        whole.run(inputs.to, rows, count, 0, 0, lines, 0);
        return;
      }
      // Lanes innermost: all but the first find the filter in the cache.
      for (let unit = 0; unit < units; unit++) {
        for (let lane = 0; lane < lanes; lane++)
          runners[level].run(inputs.to, rows, count, lane, unit, unit + 1, 0);
      }
    },
    state: () => layout.state.map(({ at, bytes }) => floats.slice(at / 4, (at + lines * bytes) / 4)),
    restore(state) {
      (state as Float32Array[]).forEach((values, k) => floats.set(values, layout.state[k].at / 4));
    },
  };
}

/**
 * How many channels of each head a lane has, a divisor of the head's width, and how many lanes that makes: of those ways that
 * leave fewest vectors partly empty, the one with the smallest filter.
 */
function lanesOf(width: number, heads: number): { readonly copies: number; readonly lanes: number } {
  const each = width / heads;
  const ways = Array.from({ length: Math.min(each, GROUP) }, (_, k) => k + 1)
    .filter((copies) => each % copies === 0)
    .map((copies) => ({ copies, lanes: each / copies, lines: (each / copies) * groupsOf(heads * copies) }));
  return ways.reduce((best, way) => (way.lines < best.lines ? way : best));
}

/** Rows `[time, head]` to `[time, copy, head]`. */
function repeated(taps: Float32Array, heads: number, copies: number): Float32Array {
  if (copies === 1) return taps;
  const rows = new Float32Array(taps.length * copies);
  for (let from = 0; from < taps.length; from += heads) {
    const row = taps.subarray(from, from + heads);
    for (let copy = 0; copy < copies; copy++) rows.set(row, from * copies + copy * heads);
  }
  return rows;
}

/** By channel, `[head, channel of the head]`, where it is in a row `[lane, copy, head]` whose lanes are whole lines. */
function placesOf({ width, heads }: Required<ConvolutionShape>, copies: number, units: number): Int32Array {
  const each = width / heads;
  return Int32Array.from({ length: width }, (_, c) => {
    const [head, own] = [Math.floor(c / each), c % each];
    return Math.floor(own / copies) * units * GROUP + (own % copies) * heads + head;
  });
}
