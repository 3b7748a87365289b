import type { ConvolutionMemory } from '../memory/convolution.js';
import type { MixerName, MixerShape } from '../shape.js';
import { eagerEngine } from './eager.js';
import type { Engine } from './engine.js';
import type { KernelsFor } from '../kernel/kernels.js';
import { referenceKernels } from '../kernel/reference.js';
import { wasmKernels } from '../kernel/wasm.js';
import { lazyEngine } from './lazy.js';
import { layoutConvolution, type EagerLayout, type LazyLayout, type TiledLayout } from '../memory/layout.js';
import type { Plan } from '../plan/plan.js';
import { tiledEngine } from './tiled.js';

/** Which implementation of the kernels: SIMD, or its readable twin. */
export type KernelsName = 'wasm' | 'reference';

const KERNELS: Record<KernelsName, KernelsFor> = { wasm: wasmKernels, reference: referenceKernels };

/**
 * All that a thread needs to take part: plain data and the shared memories.
 *
 * @internal
 */
export interface EngineData {
  readonly name: MixerName;
  readonly shape: MixerShape;
  readonly plan: Plan;
  readonly threads: number;
  readonly kernels: KernelsName;
  /** One per convolution. */
  readonly memories: readonly WebAssembly.Memory[];
}

/** An engine and the convolutions it works on. */
export type Opened =
  | {
      readonly name: 'lazy';
      readonly engine: Engine;
      readonly convolutions: readonly ConvolutionMemory<LazyLayout>[];
    }
  | {
      readonly name: 'eager';
      readonly engine: Engine;
      readonly convolutions: readonly ConvolutionMemory<EagerLayout>[];
    }
  | {
      readonly name: 'tiled';
      readonly engine: Engine;
      readonly convolutions: readonly ConvolutionMemory<TiledLayout>[];
    };

/**
 * A thread's own engine over memories that all threads share.
 *
 * @internal
 */
export function openEngine(data: EngineData): Opened {
  const { name, shape, plan, threads, kernels, memories } = data;
  const layout = layoutConvolution(name, shape, plan, threads);
  const open = <Layout extends typeof layout>(layout: Layout): ConvolutionMemory<Layout>[] =>
    memories.map((memory) => ({
      layout,
      floats: new Float32Array(memory.buffer),
      kernels: KERNELS[kernels](memory),
    }));
  switch (layout.name) {
    case 'lazy': {
      const convolutions = open(layout);
      return { name: layout.name, convolutions, engine: lazyEngine(convolutions, shape.length) };
    }
    case 'eager': {
      const convolutions = open(layout);
      return { name: layout.name, convolutions, engine: eagerEngine(convolutions, shape.length) };
    }
    case 'tiled': {
      const convolutions = open(layout);
      return { name: layout.name, convolutions, engine: tiledEngine(convolutions, shape.length, threads) };
    }
  }
}
