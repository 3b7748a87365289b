import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Kernels } from './kernels.js';

/** Built by scripts/build-kernels.js. The same place seen from src/ and from dist/. */
const fileOf = (name: string): URL => new URL(`../../../dist/mixer/kernel/${name}.wasm`, import.meta.url);

let compiled: WebAssembly.Module | undefined;

/**
 * The compiled kernels; one module serves every memory, on every thread. Threads are handed this one instead of compiling
 * their own.
 *
 * V8 would start with quickly compiled code and optimise what has run often. A large tile runs seldom, and on several
 * threads V8 can take minutes to see that it is worth it; so everything is optimised from the start, which takes a few ms.
 */
export function kernelModule(): WebAssembly.Module {
  compiled ??= withFlag('liftoff', false, () => {
    const relaxed = readFileSync(fileOf('kernels-relaxed'));
    if (WebAssembly.validate(relaxed)) return new WebAssembly.Module(relaxed);
    // Node 20's V8 has relaxed SIMD, as it was standardised one version later, behind a flag.
    return withFlag('experimental-wasm-relaxed-simd', true, () =>
      WebAssembly.validate(relaxed)
        ? new WebAssembly.Module(relaxed)
        : new WebAssembly.Module(readFileSync(fileOf('kernels'))),
    );
  });
  return compiled;
}

/** Runs something with one of V8's flags on or off, and puts it back. */
function withFlag<T>(flag: string, on: boolean, run: () => T): T {
  setFlagsFromString(`--${on ? '' : 'no-'}${flag}`);
  try {
    return run();
  } finally {
    setFlagsFromString(`--${on ? 'no-' : ''}${flag}`);
  }
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
