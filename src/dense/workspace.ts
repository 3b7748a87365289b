import { Bump, MAXIMUM_PAGES, PAGE } from '../webassembly/index.js';
import { denseKernels, type Kernels } from './kernels.js';
import { stride } from './rows.js';

/** A memory that grows, and kernels in it. What is taken is never given back. */
export class Workspace {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES, shared: true });
  readonly kernels: Kernels = denseKernels(this.memory);
  private readonly bump = new Bump();

  /** Room for so many bytes, zero unless something lay there before, see `borrow`. Throws a RangeError where there is none. */
  take(bytes: number): number {
    const address = this.bump.take(bytes);
    this.grow(this.bump.bytes);
    return address;
  }

  /** Room for so many bytes until something else is taken. */
  borrow(bytes: number): number {
    const address = this.bump.bytes;
    this.grow(address + bytes);
    return address;
  }

  bytes(address: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, count);
  }

  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count);
  }

  /** A vector of weights, with room behind it. */
  vector(values: Float32Array): number {
    const address = this.take(stride(values.length));
    this.floats(address, values.length).set(values);
    return address;
  }

  /** To twice the size, if there is no need for more: what is never touched takes no memory, and each time costs a collection. */
  private grow(bytes: number): void {
    const pages = this.memory.buffer.byteLength / PAGE;
    const wanted = Math.ceil(bytes / PAGE);
    if (wanted <= pages) return;
    try {
      this.memory.grow(Math.max(wanted, Math.min(2 * pages, MAXIMUM_PAGES)) - pages);
    } catch (cause) {
      const mib = Math.ceil(bytes / 2 ** 20);
      throw new RangeError(`no room for dense layers of ${mib} MiB`, { cause });
    }
  }
}
