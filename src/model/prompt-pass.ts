/** A whole prompt through the model at once: dense layers in chunks of rows, one convolution per layer between. */
import { OfflineConvolver } from '../mixer/index.js';
import type { ModelDimensions } from '../bundle/index.js';
import { convolutions, convolutionsOf } from '../layers/index.js';
import { type Activations, type BlockGraphs, multiply, partsOf, ROWS } from './block-graphs.js';
import type { FilterEvaluator } from './taps.js';
import type { StepState } from './state.js';
import { checkIds } from './token.js';
import type { ConvolutionStart, Prefilled, Progress } from './types.js';

export interface PromptRun {
  readonly ids: ArrayLike<number>;
  /** Positions after the prompt whose pending sums are wanted. */
  readonly ahead: number;
  readonly onConvolution?: ((convolution: number, start: ConvolutionStart) => void) | undefined;
  readonly onProgress?: Progress | undefined;
}

export class PromptPass {
  /** @param start makes the state of one sequence at position 0 */
  constructor(
    private readonly graphs: BlockGraphs,
    private readonly model: ModelDimensions,
    private readonly start: () => StepState,
    private readonly filters: FilterEvaluator,
  ) {}

  /**
   * All layers over `ids`, and the head after the last of them. Holds five arrays (and one more for each order above 2) of the
   * prompt's length while it runs, and none afterwards.
   */
  async run({ ids, ahead, onConvolution, onProgress }: PromptRun): Promise<Prefilled> {
    const { graphs, filters } = this;
    const { layers, width } = this.model;
    const prompt = ids.length;
    checkIds(ids, ahead, this.model);
    const total = (layers.length + convolutions(layers)) * prompt + 1;
    let done = 0;
    const advance = (rows: number): void => {
      done += rows;
      onProgress?.(done, total);
    };
    advance(0);

    const state = this.start();
    const taps = new Float32Array((prompt + ahead) * width);
    const a: Activations = {
      x: new Float32Array(prompt * width),
      gate: new Float32Array(prompt * width),
      y: new Float32Array(prompt * width),
      z: new Float32Array((prompt + ahead) * width),
      inner: graphs.innerGates(prompt),
    };
    const convolver = new OfflineConvolver({ width, prompt, ahead, implicit: filters.shape });
    const parts = partsOf(prompt, ROWS);
    const prepack = graphs.prepacks(prompt);
    let convolution = 0;
    for (const [l, layer] of layers.entries()) {
      await graphs.begin(l, ids, a, state, parts, prepack, ({ start, end }) => advance(end - start));
      for (let o = 0; o < convolutionsOf(layer); o++) {
        if (o > 0) multiply(a.inner[o - 1].values, a.z, a.y);
        await filters.write(convolution, 0, prompt + ahead, taps, convolver.filters);
        convolver.convolve(a.y, taps, a.z);
        onConvolution?.(convolution, { inputs: a.y, pending: a.z.subarray(prompt * width) });
        advance(prompt);
        convolution++;
      }
    }
    const x = new Float32Array(width);
    await graphs.end(a, { start: prompt - 1, end: prompt }, prepack, x);
    advance(1);
    for await (const { logits } of graphs.head(x, graphs.prepacks(1), { logits: true }))
      return { logits, state };
    throw new Error('the head gave no logits');
  }
}
