import type { Kernels, KernelsFor } from '../../src/mixer/kernel/kernels.js';
import { writeTwiddles, writeTwistedTwiddles } from '../../src/mixer/kernel/twiddles.js';
import { mixerModules, wasmKernels } from '../../src/mixer/kernel/wasm.js';
import { tableBytes } from '../../src/mixer/memory/tiled.js';
import { Bump } from '../../src/webassembly/bump.js';
import type { Random } from './mixing.js';

const relaxed = mixerModules.compileRelaxed();
const simple = mixerModules.basic;

/** The compiled kernels: without relaxed SIMD, and with it where there is that. */
export const SIMD: readonly (readonly [name: string, kernelsFor: KernelsFor])[] = [
  ['SIMD', (memory) => wasmKernels(memory, simple)],
  ...(relaxed === undefined
    ? []
    : [['relaxed SIMD', (memory: WebAssembly.Memory) => wasmKernels(memory, relaxed)] as const]),
];

/** Lines of garbage left between any two arrays, to be found untouched. */
const FENCE = 64;

/** A memory with kernels, twiddle tables for sizes up to n, and fenced arrays: for testing kernels by themselves. */
export class Workshop {
  readonly floats: Float32Array;
  readonly kernels: Kernels;
  readonly twiddles: number;
  readonly twisted: number;
  private readonly words: Int32Array;
  private readonly bump = new Bump();
  private readonly fences: number[] = [];

  constructor(kernelsFor: KernelsFor, n: number, bytes: number) {
    const pages = Math.ceil((bytes + tableBytes(n, 6)) / 65536) + 2;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.floats = new Float32Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.kernels = kernelsFor(memory);
    this.twiddles = this.array(tableBytes(n, 2) / 4);
    this.twisted = this.array(tableBytes(n, 4) / 4);
    writeTwiddles(this.floats, this.twiddles / 4, n);
    writeTwistedTwiddles(this.floats, this.twisted / 4, n);
  }

  /** Reserves floats between two fences; returns their address. */
  array(count: number): number {
    const at = this.bump.take(count * 4);
    const fence = this.bump.take(FENCE);
    // From the last float, not the last line: nothing may be written even into the rest of a line.
    for (const from of [at - FENCE, at + count * 4]) {
      const end = from === at - FENCE ? at : fence + FENCE;
      this.words.fill(0x7fc0dead, from / 4, end / 4);
      for (let a = from; a < end; a += 4) this.fences.push(a / 4);
    }
    return at;
  }

  /** Reserves and fills an array. */
  put(values: ArrayLike<number>): number {
    const at = this.array(values.length);
    this.floats.set(values, at / 4);
    return at;
  }

  random(count: number, random: Random): number {
    return this.put(random.floats(count));
  }

  get(at: number, count: number): Float32Array {
    return this.floats.slice(at / 4, at / 4 + count);
  }

  /** No kernel has written where no array is. */
  checkFences(): void {
    expect(this.fences.every((word) => this.words[word] === 0x7fc0dead)).toBe(true);
  }
}
