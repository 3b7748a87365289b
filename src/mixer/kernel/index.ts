/** The loops, in WebAssembly, each with a plain TypeScript twin. */
export type { Kernels } from './kernels.js';
/** @internal */
export { keptOf, type KernelsFor, MOST_CHILDREN, MOST_DELAYED } from './kernels.js';
/** @internal */
export { referenceKernels } from './reference.js';
/** @internal */
export { writeTwiddles, writeTwistedTwiddles } from './twiddles.js';
/** @internal */
export { basicKernels, mixerModules, wasmKernels } from './wasm.js';
