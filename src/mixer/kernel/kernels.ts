/**
 * The arithmetic of the mixers, over the arrays of one convolution's memory. Two implementations with one contract:
 * WebAssembly (assembly/, see wasm.ts) and its readable twin (reference.ts).
 *
 * All addresses are bytes. A *line* is one time step of one group of 16 channels, 64 bytes; *lines* are
 * consecutive time steps. A *point* is one complex number in each of 8 channels, `[8 re][8 im]`, 64 bytes: n lines have
 * n points for each half of their channels.
 */
export interface Kernels {
  /** One position, `[group][16]`, to its lines, `stride` bytes apart. */
  scatter(row: number, lines: number, stride: number, groups: number): void;
  /**
   * The pending sums of one position, `[group][16]`: `row = line + sum over 1 <= j <= count of line[-j] * taps[j]` in each
   * group.
   */
  pendingRow(
    line: number,
    row: number,
    stride: number,
    taps: number,
    tapStride: number,
    groups: number,
    count: number,
  ): void;
  /**
   * `scatter` to `line`, then `pendingRow` of the line after it, in one pass and to the same bits: what a step is within a
   * block of the first level, `count` >= 1 of whose inputs are then known.
   */
  stepRow(
    line: number,
    row: number,
    stride: number,
    taps: number,
    tapStride: number,
    groups: number,
    count: number,
  ): void;
  /** Makes `rows` lines of each group 0; groups are `stride` bytes apart. */
  clearLines(lines: number, stride: number, groups: number, rows: number): void;
  /** The red cells of one position, `[line][16]`: `row += y * taps`, taps being tap 0. */
  addProducts(row: number, y: number, taps: number, lines: number): void;

  /**
   * Lazy, `groups` groups `stride` bytes apart: each one's line, from `total` on, `+= sum over r < rows of past[r] * taps[r]`. Two
   * together are read faster than one after the other; the sums are the same bits.
   */
  dot(past: number, taps: number, stride: number, groups: number, rows: number, total: number): void;
  /**
   * Reads `streams` arrays of `rows` lines, one after the other in memory, side by side, and adds all their lines to the line
   * `total`: as fast as memory can be read.
   */
  readLines(from: number, streams: number, rows: number, total: number): void;
  /** Eager, one group: `sums[r] += y * taps[r]` for r < rows; y is one line. */
  spread(y: number, taps: number, sums: number, rows: number): void;
  /** Eager, one group: `totals[r] += partial[r]; partial[r] = 0` for r < rows. */
  flush(partial: number, totals: number, rows: number): void;

  /** A tile by definition, `groups` groups: `outputs[o] += sum over j < rows of inputs[j] * taps[rows + o - j]`, o < count. */
  directTile(
    inputs: number,
    outputs: number,
    stride: number,
    taps: number,
    tapStride: number,
    groups: number,
    rows: number,
    count: number,
  ): void;

  /**
   * A tile by FFT, one group, `n` inputs (>= 16): `filter` holds the spectra of the group's two halves, `points`, `[half][n]`,
   * is scratch.
   */
  fftTile(
    inputs: number,
    outputs: number,
    count: number,
    n: number,
    filter: number,
    points: number,
    twisted: number,
    twiddles: number,
  ): void;
  /**
   * A fan-out tile by FFT, one group: transforms n inputs (>= 16), the last of `known` children of a block, and adds what all
   * of them contribute to the next child's outputs o < count. A block has at most `MOST_CHILDREN`; called for each in turn.
   * `kept`, `[half][keptOf(children)]` of n points, hold sums and spectra from one child to the next; `filter` is
   * `[half][children - 1]`, filter[d - 1] the spectrum of taps (d - 1) n ... (d + 1) n - 1, for children d apart. Both are
   * `size` bytes apart.
   */
  fanTile(
    inputs: number,
    outputs: number,
    count: number,
    n: number,
    known: number,
    children: number,
    kept: number,
    filter: number,
    size: number,
    points: number,
    twisted: number,
    twiddles: number,
  ): void;
  /**
   * A tile of a delayed level by FFT, one group: transforms n inputs (>= 16), the newest of `known` children of a block, and adds
   * what all of them contribute to outputs o < count, which begin some `delay` after the inputs' end. `kept`,
   * `[half][children - 1]` of n points, has the spectra of the children before the newest, whose own joins them if it is not
   * the last of the `children`; `filter` is `[half][children]`, filter[d - 1] the spectrum of taps `delay` + (d - 1) n ...
   * `delay` + (d + 1) n - 1. Both are `size` bytes apart. At most `MOST_DELAYED` children.
   */
  delayedTile(
    inputs: number,
    outputs: number,
    count: number,
    n: number,
    known: number,
    children: number,
    kept: number,
    filter: number,
    size: number,
    points: number,
    twisted: number,
    twiddles: number,
  ): void;
  /**
   * The spectra, n points (>= 16) for each half of the channels, `half` bytes apart, of n lines of inputs, the upper half of
   * the 2n being zero.
   */
  transformRows(
    rows: number,
    points: number,
    half: number,
    n: number,
    twisted: number,
    twiddles: number,
  ): void;
  /** The spectra, n points (>= 16) for each half of the channels, `half` bytes apart, of 2n lines of taps. */
  spectrum(taps: number, points: number, half: number, n: number, twisted: number, twiddles: number): void;
  /**
   * The parts that `transformRows`, `spectrum` and `fanTile` consist of, for those who have something else to do in between.
   * First one pass over all lines, of q = n / 4 butterflies, here those `from` <= j < `to`; in either half of the points,
   * quarter by quarter, the rest.
   */
  twistRows(
    rows: number,
    points: number,
    half: number,
    q: number,
    twisted: number,
    from: number,
    to: number,
  ): void;
  /** The first pass of `spectrum`. */
  twistTaps(
    taps: number,
    points: number,
    half: number,
    q: number,
    twisted: number,
    from: number,
    to: number,
  ): void;
  /** A quarter of `spectrum`, q points. (That of `transformRows` is `forward`.) */
  spectrumQuarter(points: number, q: number, twiddles: number): void;
  /** A quarter of `fanTile`, n points of those of the whole, as are those of `kept` and `filter`; `addUpper` comes last. */
  convolve(
    points: number,
    n: number,
    kept: number,
    filter: number,
    size: number,
    known: number,
    children: number,
    twiddles: number,
  ): void;
  /** A quarter of `delayedTile`, likewise. */
  convolveAll(
    points: number,
    n: number,
    kept: number,
    filter: number,
    size: number,
    known: number,
    children: number,
    twiddles: number,
  ): void;
  /** The negacyclic convolution of length 2n of n lines with spectra, `[half][n]`; stays twisted in `points`, `[half][n]`. */
  convolveRows(
    rows: number,
    points: number,
    n: number,
    filter: number,
    twisted: number,
    twiddles: number,
  ): void;
  /**
   * Spectra of n points, one half of the channels: `points = sum over k < count of spectra[k] * filter[count - 1 - k]`. Spectra,
   * and those of the filter, are `size` bytes apart.
   */
  sumProducts(points: number, n: number, spectra: number, filter: number, size: number, count: number): void;
  /** Adds its outputs 0 ... count - 1, count <= n, to lines. */
  addLower(points: number, rows: number, count: number, n: number, twisted: number): void;
  /** Adds its outputs n ... n + count - 1, count <= n, to lines. */
  addUpper(points: number, rows: number, count: number, n: number, twisted: number): void;

  /**
   * Two tiles at once, one group: `outputs[o] += sum over j < n of first[j] a[n + o - j] + second[j] b[n + o - j]`, o < count, for
   * n inputs each (>= 16). `a` and `b` are spectra as `spectrum` makes them, `[half][n]`; `points`, `[2][half][n]`, is scratch.
   */
  pairTile(
    first: number,
    second: number,
    outputs: number,
    count: number,
    n: number,
    a: number,
    b: number,
    points: number,
    twisted: number,
    twiddles: number,
  ): void;
  /**
   * The tile of a window, one group, n inputs (>= 16): adds to the `count` outputs what these and the n inputs before
   * contribute. `filter`, `[2][half][n]`, has the spectra of taps 0 ... 2n - 1 and of taps n ... 3n - 1, as `spectrum` makes
   * them; `left`, `[half][n]`, holds what the inputs before contribute, and then what these do, n positions later. `points`,
   * `[half][n]`, is scratch.
   */
  windowTile(
    inputs: number,
    outputs: number,
    count: number,
    n: number,
    left: number,
    filter: number,
    points: number,
    twisted: number,
    twiddles: number,
  ): void;
  /**
   * A block of a modal filter as a recurrence: takes `rows` inputs, a power of two from 2 on, into the modes' states, then adds
   * to the `count` outputs what all inputs so far contribute. Lines of groups are `stride` bytes apart; states and coefficients
   * follow each other, see assembly/modal.ts.
   */
  modalTile(
    inputs: number,
    outputs: number,
    stride: number,
    groups: number,
    rows: number,
    count: number,
    state: number,
    coefficients: number,
    modes: number,
    complex: boolean,
  ): void;

  /**
   * `outputs[r] = inputs[r] weights` for rows r < `rows`, a multiple of 4, of `count` inputs each. Weights are
   * `[output / 8][input][output % 8]`. Rows of inputs are `inputStride` bytes apart, those of outputs `stride`, a multiple of
   * 32: as many values are written as that has room for. A value is the same bits whatever is computed beside it.
   */
  multiplyRows(
    inputs: number,
    inputStride: number,
    rows: number,
    count: number,
    weights: number,
    outputs: number,
    stride: number,
  ): void;
  /** `x[r] = sin(frequency (x[r] + bias))`, all of such rows. */
  sineRows(x: number, rows: number, stride: number, bias: number, frequency: number): void;
  /** `x[r] = x[r] (exp(times[r] decay) + shift)`, likewise. */
  windowRows(x: number, rows: number, stride: number, times: number, decay: number, shift: number): void;
  /** What is at most `smallest` in size becomes 0. */
  shrinkRows(x: number, rows: number, stride: number, smallest: number): void;

  /** The complex transform of n points, in place; frequencies in the order of `frequencyAt`. */
  forward(points: number, n: number, twiddles: number): void;
  /** Its inverse, times n. */
  inverse(points: number, n: number, twiddles: number): void;
}

/** The most children of a block that `fanTile` can do. */
export const MOST_CHILDREN = 8;

/** The most children of a block that `delayedTile` can do. */
export const MOST_DELAYED = 4;

/** Spectra that `fanTile` keeps for a block: half of the children's, rounded up to a power of two. */
export function keptOf(children: number): number {
  return 2 ** Math.ceil(Math.log2(children)) / 2;
}

/**
 * Makes kernels that work in a memory.
 *
 * @internal
 */
export type KernelsFor = (memory: WebAssembly.Memory) => Kernels;

/**
 * The frequency that the forward transform of n points leaves at `index`: the digits reversed, all to the base 4, but for
 * one to the base 2, the last but one, where n is no power of 4; a digit of 3 stands for -1.
 */
export function frequencyAt(index: number, n: number): number {
  let frequency = 0;
  let unit = 1;
  for (let rest = n; rest > 1;) {
    const radix = rest === 2 || rest === 8 ? 2 : 4;
    rest /= radix;
    const digit = Math.floor(index / rest);
    frequency += (digit === 3 ? -1 : digit) * unit;
    index %= rest;
    unit *= radix;
  }
  return (frequency + n) % n;
}
