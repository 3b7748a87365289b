/** The kernels that round blocks to whole numbers of a few bits, on memory of their own. */
import { readFileSync } from 'node:fs';
import { built } from '../webassembly/index.js';

/** See `assembly/rounding.ts`. Addresses are in bytes. */
interface Kernels {
  roundToFour(
    x: number,
    groups: number,
    block: number,
    bytes: number,
    scales: number,
    divisors: number,
    count: number,
    scratch: number,
    sums: number,
  ): void;
  roundToEight(
    x: number,
    groups: number,
    block: number,
    bytes: number,
    scales: number,
    scratch: number,
    sums: number,
  ): void;
}

/** Made by scripts/build/kernels.js. */
const FILE = built('bundle/rounding.wasm');

/**
 * Largest magnitudes by the scales tried for 4 bits, whose numbers are -8 ... 7: what is 7.5 or more cuts off values on one
 * side more than on the other, and is tried with either sign.
 */
const DIVISORS = Float32Array.from(
  Array.from({ length: 23 }, (_, k) => 5 + k * 0.15).flatMap((size) => (size < 7.5 ? [size] : [size, -size])),
);

/** Values that are rounded in one call: a few ms of work. */
const MOST = 1 << 17;
/** The largest block. */
const LONGEST = 256;

/** Where arrays begin. */
const SUMS = 0;
const SCRATCH = 64;
const TRIED = SCRATCH + 16 * LONGEST;
const SCALES = TRIED + 4 * 64;
const BYTES = SCALES + MOST;
const VALUES = BYTES + MOST;
const PAGES = Math.ceil((VALUES + 4 * MOST) / 65536);

export class Rounding {
  private readonly memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: false });
  private readonly kernels: Kernels;

  constructor() {
    const module = new WebAssembly.Module(readFileSync(FILE));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.kernels = exports as unknown as Kernels;
    this.view(Float32Array, TRIED, DIVISORS.length).set(DIVISORS);
  }

  /** Values that one call takes, in blocks of this size. */
  most(block: number): number {
    return Math.floor(MOST / (4 * block)) * 4 * block;
  }

  /**
   * Rounds up to `most` values in blocks to `bytes` and `scales`. Returns the sums of squares of what they are off by, and of
   * themselves.
   */
  round(
    values: Float32Array,
    { bits, block }: { readonly bits: 8 | 4; readonly block: number },
    bytes: Uint8Array,
    scales: Float32Array,
  ): { readonly off: number; readonly norm: number } {
    const groups = Math.ceil(values.length / block / 4);
    const x = this.view(Float32Array, VALUES, 4 * groups * block);
    x.set(values);
    x.fill(0, values.length);
    const rounded = this.view(Uint8Array, BYTES, (x.length * bits) / 8).fill(0);
    const sums = this.view(Float64Array, SUMS, 2).fill(0);
    const { kernels } = this;
    if (bits === 8) kernels.roundToEight(VALUES, groups, block, BYTES, SCALES, SCRATCH, SUMS);
    else {
      kernels.roundToFour(VALUES, groups, block, BYTES, SCALES, TRIED, DIVISORS.length, SCRATCH, SUMS);
    }
    bytes.set(rounded.subarray(0, bytes.length));
    scales.set(this.view(Float32Array, SCALES, scales.length));
    return { off: sums[0], norm: sums[1] };
  }

  private view<T>(
    View: new (buffer: SharedArrayBuffer, offset: number, length: number) => T,
    offset: number,
    length: number,
  ): T {
    return new View(this.memory.buffer, offset, length);
  }
}
