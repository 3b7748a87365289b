/**
 * The block graphs: the model cut at its long convolutions, for prompts. Segment l reads what segment l - 1 and the
 * convolutions after it left, and goes as far as layer l's first convolution; the last segment ends the
 * last layer. The time axis is free, so a prompt of any length runs in chunks of rows.
 *
 * Where a layer has several convolutions, there is nothing between two of them but a product with a
 * gate, which needs no graph: the segment hands those inner gates out, and whoever convolves multiplies.
 *
 * Tap 0 belongs to the convolution here; only the step graph splits it off.
 */
import { GraphBuilder, type TensorTable } from '../onnx/index.js';
import type { ModelDimensions } from './dimensions.js';
import { beginHyenaBlock, endHyenaBlock, hyenaLayers } from './hyena.js';
import { stateOf } from './kinds.js';
import { embed, head } from './linear.js';
import { geluMlp } from './mlp.js';
import { add, addAndNorm, norm } from './norm.js';
import type { HeadOptions } from './step-graph.js';

/**
 * Segment `segment` of `layers + 1`, T rows.
 *
 * - in: `ids` `[T]` int64 in segment 0, else `x` `[T, D]` and what the mixer before goes on from (see `endHyenaBlock`);
 *   before the last segment, what the layer's mixer reads (see `beginHyenaBlock`)
 * - out: `x_out` `[T, D]`; before the last segment, what the mixer hands out
 */
export function blockGraph(model: ModelDimensions, segment: number, table: TensorTable): Uint8Array {
  const { width } = model;
  const layers = hyenaLayers(model);
  const g = new GraphBuilder(`block${segment}`, table);
  const [short] = stateOf(layers, width);
  const begin = (normalised: string): void =>
    beginHyenaBlock(g, layers[segment].mixer, width, segment, short.places[segment], normalised);

  if (segment === 0) {
    const x = embed(g, g.input('ids', 'int64', ['time']), 'x_out');
    begin(norm(g, layers[0].norm, x, 'layers.0.norm1'));
  } else {
    const before = segment - 1;
    const { norm: ownNorm } = layers[before];
    const x = g.input('x', 'float32', ['time', width]);
    const middle = addAndNorm(
      g,
      ownNorm,
      x,
      endHyenaBlock(g, layers[before].mixer, width, before),
      `layers.${before}.norm2`,
    );
    const branch = geluMlp(g, before, middle.normalised);
    if (segment === layers.length) {
      add(g, middle.x, branch, 'x_out');
    } else {
      const next = addAndNorm(g, layers[segment].norm, middle.x, branch, `layers.${segment}.norm1`);
      g.node('Identity', [next.x], {}, 'x_out');
      begin(next.normalised);
    }
  }
  g.output('x_out', 'float32', ['time', width]);
  return g.encode();
}

/** The head, for T rows of the last segment: `x` `[T, D]` -> `hidden` `[T, D]` (normalised), `logits` `[T, V]`. */
export function headGraph(model: ModelDimensions, table: TensorTable, { fused }: HeadOptions): Uint8Array {
  const g = new GraphBuilder('head', table);
  const x = g.input('x', 'float32', ['time', model.width]);
  const hidden = norm(g, model.norm, x, 'norm_f', 'hidden');
  head(g, hidden, fused, 'logits');
  g.output('hidden', 'float32', ['time', model.width]);
  g.output('logits', 'float32', ['time', model.vocabulary]);
  return g.encode();
}
