import { basicKernels, type KernelsFor, referenceKernels, wasmKernels } from '../kernel/index.js';
import type { Bank, BankLayout, Spec, TiledLayout } from '../memory/index.js';
import type { ImplicitShape, MixerName } from '../shape.js';
import type { Engine } from './engine.js';
import { type GrowingTaps, growingTaps, ImplicitFilters } from './implicit-filters.js';
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
  /** Filters that are evaluated in the first of them, and where they begin there. */
  readonly implicit?: { readonly shape: ImplicitShape; readonly at: number };
  /** Bytes of array memory, all banks together. */
  readonly bytes: number;
}

/**
 * What a thread has of a mixer.
 *
 * @internal
 */
export interface Opened {
  readonly engine: Engine;
  readonly banks: readonly Bank[];
  readonly filters?: ImplicitFilters;
  /** Where taps are kept, and can be evaluated there. */
  readonly growing?: GrowingTaps;
}

/**
 * A thread's own view of memories that all threads share, one per bank of the recipe, and its engine on them.
 *
 * @internal
 */
export function openEngine(recipe: Recipe, memories: readonly WebAssembly.Memory[], thread = 0): Opened {
  const banks = recipe.banks.map((layout, k) => ({
    layout,
    floats: new Float32Array(memories[k].buffer),
    kernels: KERNELS[recipe.kernels](memories[k]),
  }));
  const engine = KINDS[recipe.name].engine(recipe, banks);
  const { implicit } = recipe;
  if (implicit === undefined || banks.length === 0) return { engine, banks };
  // Whoever starts the others, or one of them.
  const filters = new ImplicitFilters(implicit.shape, banks[0], implicit.at, Math.min(thread, 1));
  const { taps, tapStride, tapAreas } = banks[0].layout as TiledLayout;
  const grow = banks.length === 1 && tapAreas === 0 && !implicit.shape.normalized;
  return { engine, banks, filters, ...(grow && { growing: growingTaps(filters, { taps, tapStride }) }) };
}
