import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Kernels } from './kernels.js';

/** Built by scripts/build-kernels.js. The same place seen from src/ and from dist/. */
const FILE = new URL('../../../dist/mixer/kernel/kernels.wasm', import.meta.url);

let compiled: WebAssembly.Module | undefined;

/**
 * The compiled kernels; one module serves every memory, on every thread. Threads are handed this one instead of compiling
 * their own.
 *
 * V8 would start with quickly compiled code and optimise what has run often. A large tile runs seldom, and on several
 * threads V8 can take minutes to see that it is worth it; so everything is optimised from the start, which takes a few ms.
 */
export function kernelModule(): WebAssembly.Module {
  if (compiled === undefined) {
    setFlagsFromString('--no-liftoff');
    compiled = new WebAssembly.Module(readFileSync(FILE));
    setFlagsFromString('--liftoff');
  }
  return compiled;
}

/** Makes a thread use a module that another one has compiled. */
export function adoptModule(module: WebAssembly.Module): void {
  compiled = module;
}

/** The SIMD kernels, working in `memory`, which must be shared. */
export function wasmKernels(memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(kernelModule(), { env: { memory } });
  return instance.exports as unknown as Kernels;
}
