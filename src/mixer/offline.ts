/**
 * The convolution of a whole prompt, known in advance: no schedule, one FFT convolution for each of the model's, O(n log n).
 * Its last rows are what the prompt leaves pending for the positions to generate; with them the prompt itself can
 * be forgotten, and generation starts as a new online convolution at position 0.
 */
import { Bump, pageBytes, pagesFor, sharedMemory } from '../webassembly/index.js';
import { implicitBytes, ImplicitFilters } from './engine/index.js';
import { type Kernels, wasmKernels, writeTwiddles, writeTwistedTwiddles } from './kernel/index.js';
import { GROUP, groupsOf, LINE, tableBytes, toLines } from './memory/index.js';
import { SMALLEST_FFT } from './plan/index.js';
import type { ImplicitShape } from './shape.js';

/** What an offline convolution is of. */
export interface OfflineShape {
  /** Channels (D). */
  readonly width: number;
  /** Prompt positions (P), at least 1. */
  readonly prompt: number;
  /** Positions after the prompt whose pending sums are wanted (K), 0 or more. */
  readonly ahead: number;
  /** Filters that are to be evaluated in its memory. */
  readonly implicit?: ImplicitShape | undefined;
}

/** Addresses in the convolver's memory; n points are half the (negacyclic) convolution's length. */
interface OfflineLayout {
  readonly n: number;
  readonly twiddles: number;
  readonly twisted: number;
  /** Lines `[n][16]`, `[2n][16]`, `[P + K][16]`. */
  readonly inputs: number;
  readonly taps: number;
  readonly outputs: number;
  /** `[half][n]` points each. */
  readonly spectrum: number;
  readonly points: number;
  readonly implicit: number;
  readonly bytes: number;
}

function layoutOffline({ prompt, ahead, implicit }: OfflineShape): OfflineLayout {
  // The full product has 2P + K - 1 rows: so long, a (nega)cyclic convolution has nothing to wrap around.
  let n = SMALLEST_FFT;
  while (2 * n < 2 * prompt + ahead - 1) n *= 2;
  const bump = new Bump();
  return {
    n,
    twiddles: bump.take(tableBytes(n / 4, 2)),
    twisted: bump.take(tableBytes(n, 4)),
    inputs: bump.take(n * LINE),
    taps: bump.take(2 * n * LINE),
    outputs: bump.take((prompt + ahead) * LINE),
    spectrum: bump.take(2 * n * LINE),
    points: bump.take(2 * n * LINE),
    implicit: bump.take(implicit ? implicitBytes(implicit) : 0),
    bytes: bump.bytes,
  };
}

function pagesOffline(shape: OfflineShape): number {
  for (const [what, value, least] of [
    ['width', shape.width, 1],
    ['prompt', shape.prompt, 1],
    ['ahead', shape.ahead, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least || value > 2 ** 26) {
      throw new RangeError(`${what}: expected a whole number from ${least} to ${2 ** 26}, got ${value}`);
    }
  }
  return pagesFor(
    layoutOffline(shape),
    `a prompt of ${shape.prompt} positions with ${shape.ahead} to follow`,
  );
}

/** Bytes of scratch an offline convolution needs, whatever the width. Allocates nothing. */
export function offlineBytesNeeded(shape: OfflineShape): number {
  pagesOffline(shape);
  return pageBytes(layoutOffline(shape).bytes);
}

/** Convolves prompts of one shape; holds scratch for one channel group, so make one and use it for every convolution. */
export class OfflineConvolver {
  private readonly layout: OfflineLayout;
  private readonly floats: Float32Array;
  private readonly kernels: Kernels;
  /** Those that the shape is for. */
  readonly filters?: ImplicitFilters;

  constructor(readonly shape: OfflineShape) {
    const pages = pagesOffline(shape);
    this.layout = layoutOffline(shape);
    const memory = sharedMemory(pages);
    this.floats = new Float32Array(memory.buffer);
    this.kernels = wasmKernels(memory);
    const { implicit } = shape;
    if (implicit !== undefined) {
      const room = { floats: this.floats, kernels: this.kernels };
      this.filters = new ImplicitFilters(implicit, room, this.layout.implicit);
    }
    writeTwiddles(this.floats, this.layout.twiddles / 4, this.layout.n / 4);
    writeTwistedTwiddles(this.floats, this.layout.twisted / 4, this.layout.n);
  }

  /**
   * One convolution: `z[t] = sum over i <= min(t, P - 1) of y[i] * rho[t - i]`.
   *
   * @param inputs y, `[time, channel]` = `[P, D]`
   * @param taps rho, `[time, channel]` = `[P + K, D]`, row 0 included
   * @param outputs z, `[time, channel]` = `[P + K, D]`: rows t < P are the prompt's own outputs, the other K rows
   *   are what the prompt leaves pending
   */
  convolve(inputs: Float32Array, taps: Float32Array, outputs: Float32Array): void {
    const { width, prompt, ahead } = this.shape;
    const total = prompt + ahead;
    checkSize('inputs', inputs, prompt, width);
    checkSize('taps', taps, total, width);
    checkSize('outputs', outputs, total, width);
    const { layout, floats, kernels } = this;
    const { n, twiddles, twisted } = layout;
    for (let group = 0; group < groupsOf(width); group++) {
      loadGroup(inputs, width, group, floats, layout.inputs / 4, prompt, n);
      loadGroup(taps, width, group, floats, layout.taps / 4, total, 2 * n);
      floats.fill(0, layout.outputs / 4, layout.outputs / 4 + total * GROUP);
      kernels.spectrum(layout.taps, layout.spectrum, n * LINE, n, twisted, twiddles);
      kernels.convolveRows(layout.inputs, layout.points, n, layout.spectrum, twisted, twiddles);
      kernels.addLower(layout.points, layout.outputs, Math.min(total, n), n, twisted);
      if (total > n) kernels.addUpper(layout.points, layout.outputs + n * LINE, total - n, n, twisted);
      const at = layout.outputs / 4;
      const first = group * GROUP;
      const channels = Math.min(GROUP, width - first);
      for (let t = 0; t < total; t++) {
        for (let c = 0; c < channels; c++) outputs[t * width + first + c] = floats[at + t * GROUP + c];
      }
    }
  }
}

/** `OfflineConvolver` for a single use. */
export function convolveOffline(
  shape: OfflineShape,
  inputs: Float32Array,
  taps: Float32Array,
  outputs: Float32Array,
): void {
  new OfflineConvolver(shape).convolve(inputs, taps, outputs);
}

/** Rows of one group as lines, followed by zeros up to `lines`. */
function loadGroup(
  rows: Float32Array,
  width: number,
  group: number,
  floats: Float32Array,
  at: number,
  count: number,
  lines: number,
): void {
  toLines(rows, width, group, floats, at, count);
  floats.fill(0, at + count * GROUP, at + lines * GROUP);
}

function checkSize(what: string, values: Float32Array, rows: number, width: number): void {
  if (values.length !== rows * width) {
    throw new RangeError(
      `${what}: expected ${rows * width} values (${rows} x ${width}), got ${values.length}`,
    );
  }
}
