import { eagerEngine } from './eager.js';
import type { Engine, LayerMemory } from './engine.js';
import type { KernelsFor } from '../kernel/kernels.js';
import { plainKernels } from '../kernel/reference.js';
import { wasmKernels } from '../kernel/wasm.js';
import { lazyEngine } from './lazy.js';
import { layoutLayer, type EagerLayout, type LazyLayout, type TiledLayout } from '../memory/layout.js';
import type { MixerName, MixerShape } from '../mixer.js';
import type { Plan } from '../plan/plan.js';
import { tiledEngine } from './tiled.js';

/** Which implementation of the kernels: SIMD, or its readable twin. */
export type KernelsName = 'wasm' | 'plain';

const KERNELS: Record<KernelsName, KernelsFor> = { wasm: wasmKernels, plain: plainKernels };

/** All that a thread needs to take part: plain data and the shared memories. */
export interface EngineData {
  readonly name: MixerName;
  readonly shape: MixerShape;
  readonly plan: Plan;
  readonly threads: number;
  readonly kernels: KernelsName;
  /** One per layer. */
  readonly memories: readonly WebAssembly.Memory[];
}

/** An engine and the layers it works on. */
export type Opened =
  | { readonly name: 'lazy'; readonly engine: Engine; readonly layers: readonly LayerMemory<LazyLayout>[] }
  | { readonly name: 'eager'; readonly engine: Engine; readonly layers: readonly LayerMemory<EagerLayout>[] }
  | { readonly name: 'tiled'; readonly engine: Engine; readonly layers: readonly LayerMemory<TiledLayout>[] };

/** A thread's own engine over memories that all threads share. */
export function openEngine(data: EngineData): Opened {
  const { name, shape, plan, threads, kernels, memories } = data;
  const layout = layoutLayer(name, shape, plan, threads);
  const open = <Layout extends typeof layout>(layout: Layout): LayerMemory<Layout>[] =>
    memories.map((memory) => ({
      layout,
      floats: new Float32Array(memory.buffer),
      kernels: KERNELS[kernels](memory),
    }));
  switch (layout.name) {
    case 'lazy': {
      const layers = open(layout);
      return { name: layout.name, layers, engine: lazyEngine(layers, shape.length) };
    }
    case 'eager': {
      const layers = open(layout);
      return { name: layout.name, layers, engine: eagerEngine(layers, shape.length) };
    }
    case 'tiled': {
      const layers = open(layout);
      return { name: layout.name, layers, engine: tiledEngine(layers, shape.length, threads) };
    }
  }
}
