import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { built } from '../built.js';
import type { Kernels } from './kernels.js';

/** Made by scripts/build/kernels.js. */
const fileOf = (name: string): URL => built(`kernel/${name}.wasm`);

let compiled: WebAssembly.Module | undefined;
let relaxed = false;

/**
 * The compiled kernels; one module serves every memory, on every thread. Threads are handed this one instead of compiling
 * their own.
 *
 * V8 would start with quickly compiled code and optimise what has run often. A large tile runs seldom, and on several
 * threads V8 can take minutes to see that it is worth it; so everything is optimised from the start, which takes a few ms.
 */
export function kernelModule(): WebAssembly.Module {
  if (compiled === undefined) {
    compiled = compileRelaxed();
    relaxed = compiled !== undefined;
    compiled ??= compileBasic();
  }
  return compiled;
}

/** Which of the two modules `kernelModule` gives. */
export function kernelModuleName(): 'relaxed' | 'basic' {
  kernelModule();
  return relaxed ? 'relaxed' : 'basic';
}

/** The kernels that multiply and add in one instruction; undefined where there is no relaxed SIMD. */
export function compileRelaxed(): WebAssembly.Module | undefined {
  const bytes = readFileSync(fileOf('kernels-relaxed'));
  if (WebAssembly.validate(bytes)) return optimised(bytes);
  // Node 20's V8 has relaxed SIMD, as it was standardised one version later, behind a flag.
  return withFlag('experimental-wasm-relaxed-simd', true, () =>
    WebAssembly.validate(bytes) ? optimised(bytes) : undefined,
  );
}

/** The kernels for everywhere else. */
export function compileBasic(): WebAssembly.Module {
  return optimised(readFileSync(fileOf('kernels')));
}

function optimised(bytes: Uint8Array): WebAssembly.Module {
  return withFlag('liftoff', false, () => new WebAssembly.Module(bytes));
}

/**
 * Runs something with one of V8's flags on or off, and puts it back. V8 prints a warning to stderr if it does not know the
 * flag.
 */
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

let basic: WebAssembly.Module | undefined;

/** The kernels for everywhere else, wherever this is. */
export function basicKernels(memory: WebAssembly.Memory): Kernels {
  basic ??= compileBasic();
  return wasmKernels(memory, basic);
}

/** The SIMD kernels, working in `memory`, which must be shared. */
export function wasmKernels(memory: WebAssembly.Memory, module = kernelModule()): Kernels {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as Kernels;
}
