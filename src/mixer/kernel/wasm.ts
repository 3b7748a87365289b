import { instantiate, Modules } from '../../webassembly/index.js';
import type { Kernels } from './kernels.js';

/** The mixers' kernels, compiled. */
export const mixerModules = new Modules('mixer/kernel/kernels');

/** The kernels for everywhere, wherever this is. */
export function basicKernels(memory: WebAssembly.Memory): Kernels {
  return wasmKernels(memory, mixerModules.basic);
}

/** The SIMD kernels, working in `memory`, which must be shared. */
export function wasmKernels(memory: WebAssembly.Memory, module = mixerModules.module): Kernels {
  return instantiate(module, memory) as unknown as Kernels;
}
