/**
 * Convolutions of sequences that are known in advance, block by block: the outputs of a block are made of the spectra of the
 * blocks up to it, so they are the same numbers, to the bit, whatever follows. Sequences that begin alike share these.
 *
 *     Z[c] = sum over b <= c of Y[b] H[c - b]
 *
 * Y[b] is the spectrum of block b of the inputs, H[j] that of the taps (j - 1) B ... (j + 1) B - 1, those before tap 0 being
 * zero. Of each product of length 2B only the upper half is wanted, and nothing wraps around onto it.
 */
import { Bump, pagesFor, sharedMemory } from '../webassembly/index.js';
import { implicitBytes, ImplicitFilters } from './engine/index.js';
import { type Kernels, wasmKernels, writeTwiddles, writeTwistedTwiddles } from './kernel/index.js';
import { GROUP, groupsOf, LINE, tableBytes, toLines } from './memory/index.js';
import type { ImplicitShape } from './shape.js';

/** Transforms of so many rows fit a cache; and shared beginnings are counted in blocks. */
const USUAL_BLOCK = 256;
/** Rows of a block of sequences that are short. */
const SHORT_BLOCK = 64;
/** Blocks of a sequence, at most: their products grow with the square of their number. */
const MOST_BLOCKS = 16;

/** Rows of a block (B), for sequences of so many rows: a power of two. */
export function blockRows(length: number): number {
  if (length <= SHORT_BLOCK) return SHORT_BLOCK;
  return Math.max(USUAL_BLOCK, 2 ** Math.ceil(Math.log2(length)) / MOST_BLOCKS);
}

/** Rows of the longest sequence that has blocks of so many. */
export function longestSequence(block: number): number {
  return block === SHORT_BLOCK ? block : block * MOST_BLOCKS;
}

/** What a blockwise convolver is for. */
export interface BlockwiseShape {
  /** Channels (D). */
  readonly width: number;
  readonly convolutions: number;
  /** Rows of a block (B). */
  readonly block: number;
  /** Rows of the longest sequence. */
  readonly length: number;
  /** Keep the spectra of all filters, so that the next sequence finds them. */
  readonly keepFilters: boolean;
  /** Keep the spectra of the inputs, so that the next sequence can begin with some of them. */
  readonly keepInputs: boolean;
  /** Filters that are to be evaluated in its memory. */
  readonly implicit?: ImplicitShape | undefined;
}

/** Addresses; spectra are `[unit][half][block][B]` points, of one unit only where they are not kept. */
interface Layout {
  readonly twiddles: number;
  readonly twisted: number;
  /** Lines, `[2B][16]`. */
  readonly lines: number;
  /** `[half][B]` points. */
  readonly points: number;
  readonly filters: number;
  readonly inputs: number;
  readonly implicit: number;
  readonly bytes: number;
}

function layoutBlockwise(shape: BlockwiseShape): Layout {
  const { width, convolutions, block, length, keepFilters, keepInputs, implicit } = shape;
  const units = convolutions * groupsOf(width);
  const spectra = 2 * Math.ceil(length / block) * block * LINE;
  const bump = new Bump();
  return {
    twiddles: bump.take(tableBytes(block / 4, 2)),
    twisted: bump.take(tableBytes(block, 4)),
    lines: bump.take(2 * block * LINE),
    points: bump.take(2 * block * LINE),
    filters: bump.take((keepFilters ? units : 1) * spectra),
    inputs: bump.take((keepInputs ? units : 1) * spectra),
    implicit: bump.take(implicit ? implicitBytes(implicit) : 0),
    bytes: bump.bytes,
  };
}

/** Bytes that a blockwise convolver takes, if all of it is used. Allocates nothing. */
export function blockwiseBytes(shape: BlockwiseShape): number {
  return layoutBlockwise(shape).bytes;
}

/** All convolutions of a model, of one sequence after another. */
export class BlockwiseConvolver {
  private readonly layout: Layout;
  private readonly floats: Float32Array;
  private readonly kernels: Kernels;
  /** Those that the shape is for. */
  readonly filters?: ImplicitFilters;
  /** Bytes of the spectra of one half of a unit's channels, and of a block of them. */
  private readonly half: number;
  private readonly size: number;
  /** By convolution: blocks of its filter that are there. */
  private readonly known: number[];

  constructor(readonly shape: BlockwiseShape) {
    const { block, length, convolutions } = shape;
    this.layout = layoutBlockwise(shape);
    const memory = sharedMemory(pagesFor(this.layout, `convolutions of ${length} positions`));
    this.floats = new Float32Array(memory.buffer);
    this.kernels = wasmKernels(memory);
    const { implicit } = shape;
    if (implicit !== undefined) {
      const room = { floats: this.floats, kernels: this.kernels };
      this.filters = new ImplicitFilters(implicit, room, this.layout.implicit);
    }
    this.size = block * LINE;
    this.half = Math.ceil(length / block) * this.size;
    this.known = new Array<number>(convolutions).fill(0);
    writeTwiddles(this.floats, this.layout.twiddles / 4, block / 4);
    writeTwistedTwiddles(this.floats, this.layout.twisted / 4, block);
  }

  /** Taps that `convolve` is to be handed for a sequence of so many rows: none where their spectra are there. */
  tapsNeeded(convolution: number, rows: number): number {
    const { block, keepFilters } = this.shape;
    const blocks = Math.ceil(rows / block);
    return keepFilters && this.known[convolution] >= blocks ? 0 : blocks * block;
  }

  /**
   * Rows `from` ... `rows` - 1 of one convolution, in place: `z[t] = sum over i <= t of y[i] rho[t - i]`. `from` is a multiple of
   * the block; the inputs before it are those that this convolution met last, where inputs are kept.
   *
   * @param values y, which becomes z, `[rows - from, D]`
   * @param taps rho, `[taps, D]`: as many as `tapsNeeded` says, or those that the model has
   */
  convolve(convolution: number, values: Float32Array, from: number, rows: number, taps: Float32Array): void {
    const { width, block, keepFilters, keepInputs } = this.shape;
    const { layout, half } = this;
    const groups = groupsOf(width);
    const blocks = Math.ceil(rows / block);
    const needed = this.tapsNeeded(convolution, rows) > 0;
    for (let group = 0; group < groups; group++) {
      const unit = convolution * groups + group;
      const filter = layout.filters + (keepFilters ? unit : 0) * 2 * half;
      const inputs = layout.inputs + (keepInputs ? unit : 0) * 2 * half;
      if (needed) this.transformTaps(taps, group, blocks, filter);
      for (let b = from / block; b < blocks; b++) {
        const count = Math.min(block, rows - b * block);
        this.convolveBlock(values, b * block - from, count, group, b, inputs, filter);
      }
    }
    if (needed) this.known[convolution] = blocks;
  }

  private transformTaps(taps: Float32Array, group: number, blocks: number, filter: number): void {
    const { width, block } = this.shape;
    const { floats, kernels, layout, half, size } = this;
    const { lines, twisted, twiddles } = layout;
    const there = taps.length / width;
    for (let j = 0; j < blocks; j++) {
      for (const part of [0, 1]) {
        const first = (j - 1 + part) * block;
        const count = first < 0 ? 0 : Math.max(0, Math.min(block, there - first));
        const at = lines / 4 + part * block * GROUP;
        if (count > 0) toLines(taps.subarray(first * width), width, group, floats, at, count);
        floats.fill(0, at + count * GROUP, at + block * GROUP);
      }
      kernels.spectrum(lines, filter + j * size, half, block, twisted, twiddles);
    }
  }

  /** One block of one group, whose rows begin at `row` of the values. */
  private convolveBlock(
    values: Float32Array,
    row: number,
    count: number,
    group: number,
    index: number,
    inputs: number,
    filter: number,
  ): void {
    const { width, block } = this.shape;
    const { floats, kernels, layout, half, size } = this;
    const { lines, points, twisted, twiddles } = layout;
    const at = lines / 4;
    toLines(values.subarray(row * width), width, group, floats, at, count);
    floats.fill(0, at + count * GROUP, at + block * GROUP);
    kernels.transformRows(lines, inputs + index * size, half, block, twisted, twiddles);
    for (const h of [0, 1]) {
      const own = points + h * size;
      kernels.sumProducts(own, block, inputs + h * half, filter + h * half, size, index + 1);
      for (let part = 0; part < size; part += size / 4) kernels.inverse(own + part, block / 4, twiddles);
    }
    floats.fill(0, at, at + count * GROUP);
    kernels.addUpper(points, lines, count, block, twisted);
    const first = group * GROUP;
    const channels = Math.min(GROUP, width - first);
    for (let t = 0; t < count; t++) {
      for (let c = 0; c < channels; c++) values[(row + t) * width + first + c] = floats[at + t * GROUP + c];
    }
  }
}
