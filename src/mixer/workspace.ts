import { type Kernels, wasmKernels } from './kernel/index.js';
import { pagesFor, sharedMemory } from './memory/index.js';

/**
 * Memory for whoever computes the taps that a mixer or a convolver is given, and kernels that work on it. It is a part of the memory
 * of these, as every WebAssembly memory takes some 10 GiB of address space.
 */
export interface Workspace {
  /** The whole memory. */
  readonly floats: Float32Array;
  readonly kernels: Kernels;
  /** The address where it begins, a multiple of 64. */
  readonly at: number;
}

/** One in a memory of its own. */
export function createWorkspace(bytes: number): Workspace {
  const memory = sharedMemory(pagesFor({ bytes }, 'a filter'));
  return { floats: new Float32Array(memory.buffer), kernels: wasmKernels(memory), at: 0 };
}
