import { Bump, pageBytes, pagesFor, sharedMemory } from '../../../webassembly/index.js';
import { wasmKernels, writeTwiddles, writeTwistedTwiddles } from '../../kernel/index.js';
import { groupsOf, LINE, strideLines, tableBytes } from '../../memory/index.js';
import { sidesOf, type Range } from '../../schedule/index.js';
import type { Sequence } from '../contract.js';

/** What becomes known at a position: y and rho of that index, one value per channel. */
export interface FloatInputAndTap {
  readonly y: Float32Array;
  readonly tap: Float32Array;
}

/** The smallest side whose tiles are done by FFT. */
const SMALLEST_FFT = 32;

/**
 * `dataDependentConvolution` by the SIMD kernels, for the binary schedule: see `openDataDependent`. The red cells are done here.
 */
export function fastDataDependentConvolution(
  width: number,
  length: number,
): Sequence<FloatInputAndTap, Float32Array> {
  const tiles = openDataDependent(width, length);
  const [first, z] = [new Float32Array(2 * width), new Float32Array(width)];
  return {
    reach: Infinity,
    /** The output is overwritten by the next one. */
    mix(t, { y, tap }) {
      if (t === 0) {
        first.set(y);
        first.set(tap, width);
      }
      z.set(tiles.sums(t));
      for (let c = 0; c < width; c++) {
        z[c] += y[c] * first[width + c];
        if (t > 0) z[c] += first[c] * tap[c];
      }
      tiles.take(t, y, tap);
      return z;
    },
    contribute: (inputs, outputs) => tiles.contribute(inputs, outputs),
    state: () => ({ first: first.slice(), rest: tiles.state.slice() }),
    restore(saved) {
      const { first: begun, rest } = saved as { first: Float32Array; rest: Float32Array };
      first.set(begun);
      tiles.state.set(rest);
      tiles.changed();
    },
  };
}

/** One sequence of convolutions with filters that depend on the data, in a WebAssembly memory of its own. */
export interface DataDependentTiles extends Pick<Sequence<never, never>, 'contribute'> {
  /** The pending sums of a position, `[channel]`: overwritten by the next ones. */
  sums(t: number): Float32Array;
  /** Keeps a position's inputs and taps, `[channel]`. */
  take(t: number, y: Float32Array, tap: Float32Array): void;
  /** All that was taken and is pending. */
  readonly state: Float32Array;
  /** To be called when the state has been written to. */
  changed(): void;
}

/** Bytes that `openDataDependent` allocates. */
export function dataDependentBytes(width: number, length: number): number {
  return pageBytes(layoutSequence(width, length).bytes);
}

/**
 * The tile of side U after U positions is one product, of all inputs with all taps so far; each later one is two, of U new
 * inputs with the first 2U taps and of U new taps with the first 2U inputs. Spectra of these beginnings are the same for all
 * tiles of a side, and are kept; the two products are summed as spectra: three transforms where a filter that is known in
 * advance takes two.
 */
export function openDataDependent(width: number, length: number): DataDependentTiles {
  const layout = layoutSequence(width, length);
  const { groups, stride, row, slots, taps, twiddles, twisted, points, levels } = layout;
  const memory = sharedMemory(pagesFor(layout, `a sequence of ${length} positions and ${width} channels`));
  const floats = new Float32Array(memory.buffer);
  const kernels = wasmKernels(memory);
  const largest = levels.length > 0 ? levels[levels.length - 1].side : 0;
  writeTwiddles(floats, twiddles / 4, largest / 4);
  writeTwistedTwiddles(floats, twisted / 4, largest);
  /** By level: whether the spectra of its beginnings are there. */
  const kept = new Array<boolean>(levels.length).fill(false);
  /** Rows of one position: sums, inputs and taps. */
  const [sums, input, tap] = [0, 1, 2].map((k) => row + k * groups * LINE);
  const view = (at: number): Float32Array => floats.subarray(at / 4, at / 4 + width);
  const [summed, taken, takenTap] = [sums, input, tap].map(view);

  /** A sum of products by definition, all groups. */
  const direct = (inputs: number, outputs: number, filter: number, side: number, count: number): void =>
    kernels.directTile(inputs, outputs, stride, filter, stride, groups, side, count);

  const square = (side: number, count: number): void => {
    if (side < SMALLEST_FFT) {
      direct(slots, slots + side * LINE, taps, side, count);
      return;
    }
    // Taps from `side` on are not known, and are 0 so far.
    const spectrum = points + 2 * side * LINE;
    for (let at = 0; at < groups * stride; at += stride) {
      kernels.spectrum(taps + at, spectrum, side * LINE, side, twisted, twiddles);
      kernels.fftTile(slots + at, slots + at + side * LINE, count, side, spectrum, points, twisted, twiddles);
    }
  };

  const pair = (index: number, known: number, count: number): void => {
    const { side, spectra } = levels[index];
    const newest = (known - side) * LINE;
    const outputs = known * LINE;
    if (side < SMALLEST_FFT) {
      direct(slots + newest, slots + outputs, taps, side, count);
      direct(taps + newest, slots + outputs, slots, side, count);
      return;
    }
    const size = 2 * side * LINE;
    for (let g = 0; g < groups; g++) {
      const at = g * stride;
      const ofTaps = spectra + 2 * g * size;
      const ofInputs = ofTaps + size;
      if (!kept[index]) {
        kernels.spectrum(taps + at, ofTaps, side * LINE, side, twisted, twiddles);
        kernels.spectrum(slots + at, ofInputs, side * LINE, side, twisted, twiddles);
      }
      const [inputs, others] = [slots + at + newest, taps + at + newest];
      const to = slots + at + outputs;
      kernels.pairTile(inputs, others, to, count, side, ofTaps, ofInputs, points, twisted, twiddles);
    }
    kept[index] = true;
  };

  return {
    sums(t) {
      kernels.pendingRow(slots + t * LINE, sums, stride, 0, 0, groups, 0);
      return summed;
    },
    take(t, y, tapNow) {
      taken.set(y);
      takenTap.set(tapNow);
      kernels.scatter(input, slots + t * LINE, stride, groups);
      kernels.scatter(tap, taps + t * LINE, stride, groups);
    },
    contribute(inputs: Range, outputs: Range) {
      const side = inputs.to - inputs.from;
      const index = Math.log2(side);
      if (!(index in levels) || !Number.isInteger(inputs.to / side) || outputs.from !== inputs.to) {
        throw new RangeError('these tiles are those of the binary schedule');
      }
      const count = outputs.to - outputs.from;
      if (inputs.from === 0) square(side, count);
      else pair(index, inputs.to, count);
    },
    state: floats.subarray(slots / 4, twiddles / 4),
    changed: () => void kept.fill(false),
  };
}

/** Addresses in the sequence's memory, and bytes between them. */
interface SequenceLayout {
  readonly bytes: number;
  readonly groups: number;
  /** `[3][group][16]`, see above. */
  readonly row: number;
  /** `[group][time][16]`: sums until their position is known, then inputs; and taps, up to the twiddles. From group to group. */
  readonly slots: number;
  readonly taps: number;
  readonly stride: number;
  readonly twiddles: number;
  readonly twisted: number;
  /** Scratch, `[2][half][largest side]` points. */
  readonly points: number;
  /** `spectra` of the first 2 side taps and inputs, `[group][2][half][side]` points. */
  readonly levels: readonly { readonly side: number; readonly spectra: number }[];
}

function layoutSequence(width: number, length: number): SequenceLayout {
  const bump = new Bump();
  const groups = groupsOf(width);
  const stride = strideLines(2 ** Math.ceil(Math.log2(Math.max(2, length)))) * LINE;
  const sides = sidesOf(length);
  const largest = sides.length > 0 ? sides[sides.length - 1] : 0;
  return {
    groups,
    stride,
    row: bump.take(3 * groups * LINE),
    slots: bump.take(groups * stride),
    taps: bump.take(groups * stride),
    twiddles: bump.take(tableBytes(largest / 4, 2)),
    twisted: bump.take(tableBytes(largest, 4)),
    points: bump.take(4 * largest * LINE),
    levels: sides.map((side) => ({
      side,
      // Sides of which there is only the first tile need none.
      spectra: side >= SMALLEST_FFT && 3 * side < length ? bump.take(groups * 4 * side * LINE) : 0,
    })),
    bytes: bump.bytes,
  };
}
