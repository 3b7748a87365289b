import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { built } from './built.js';

/** Whether a module's kernels multiply and add in one instruction. */
export type ModuleName = 'relaxed' | 'basic';

/**
 * Kernels that are compiled twice, as NAME.wasm and, where a processor's relaxed SIMD may multiply and add in one instruction, as
 * NAME-relaxed.wasm. One module serves every memory, on every thread; threads are handed it instead of compiling their own.
 *
 * V8 would start with quickly compiled code and optimise what has run often. What is large runs seldom, and on several
 * threads V8 can take minutes to see that it is worth it; so everything is optimised from the start, which takes a few ms.
 */
export class Modules {
  private chosen: { readonly name?: ModuleName; readonly module: WebAssembly.Module } | undefined;
  private simple: WebAssembly.Module | undefined;

  /** @param path of the files in the build's folder, without endings */
  constructor(private readonly path: string) {}

  /** The best there is here. */
  get module(): WebAssembly.Module {
    return this.choose().module;
  }

  /** Which one that is. */
  get name(): ModuleName {
    return this.choose().name ?? 'basic';
  }

  /** Makes a thread use a module that another one has compiled. */
  adopt(module: WebAssembly.Module): void {
    this.chosen = { module };
  }

  /** The kernels that multiply and add in one instruction; undefined where there is no relaxed SIMD. */
  compileRelaxed(): WebAssembly.Module | undefined {
    const bytes = readFileSync(built(`${this.path}-relaxed.wasm`));
    if (WebAssembly.validate(bytes)) return optimised(bytes);
    // Node 20's V8 has relaxed SIMD, as it was standardised one version later, behind a flag.
    return withFlag('experimental-wasm-relaxed-simd', true, () =>
      WebAssembly.validate(bytes) ? optimised(bytes) : undefined,
    );
  }

  /** The kernels for everywhere. */
  get basic(): WebAssembly.Module {
    return (this.simple ??= optimised(readFileSync(built(`${this.path}.wasm`))));
  }

  private choose(): NonNullable<typeof this.chosen> {
    if (this.chosen === undefined) {
      const relaxed = this.compileRelaxed();
      this.chosen = relaxed ? { name: 'relaxed', module: relaxed } : { name: 'basic', module: this.basic };
    }
    return this.chosen;
  }
}

/** What a module exports, working in `memory`. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Record<string, unknown> {
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
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
