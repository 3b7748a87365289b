import { basicKernels, type KernelsFor, referenceKernels, wasmKernels } from '../kernel/index.js';
import type { Bank, BankLayout, Spec } from '../memory/index.js';
import type { MixerName } from '../shape.js';
import type { Engine } from './engine.js';
import { KINDS } from './kinds.js';

/** Which implementation of the kernels: the fastest SIMD there is, SIMD without relaxed operations, or the readable reference. */
export type KernelsName = 'wasm' | 'basic' | 'reference';

/** @internal */
export const KERNELS: Readonly<Record<KernelsName, KernelsFor>> = {
  wasm: (memory) => wasmKernels(memory),
  basic: basicKernels,
  reference: referenceKernels,
};

/** A mixer that is to be built: its memories are laid out, and nothing is allocated. Plain data. */
export interface Recipe extends Spec {
  readonly name: MixerName;
  readonly kernels: KernelsName;
  /** One per memory. */
  readonly banks: readonly BankLayout[];
  /** Where in the first of them a workspace begins, if there is one. */
  readonly workspace?: number;
  /** Bytes of array memory, all banks together. */
  readonly bytes: number;
}

/**
 * A thread's own view of memories that all threads share, one per bank of the recipe, and its engine on them.
 *
 * @internal
 */
export function openEngine(
  recipe: Recipe,
  memories: readonly WebAssembly.Memory[],
): { readonly engine: Engine; readonly banks: readonly Bank[] } {
  const banks = recipe.banks.map((layout, k) => ({
    layout,
    floats: new Float32Array(memories[k].buffer),
    kernels: KERNELS[recipe.kernels](memories[k]),
  }));
  return { engine: KINDS[recipe.name].engine(recipe, banks), banks };
}
