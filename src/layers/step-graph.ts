/**
 * The step graph: one token through the whole model, whatever its number of layers, in one call.
 *
 * At a position, all a layer needs of its convolutions are the *pending* sums over the strict past; the missing terms
 * `y * rho[0]` are computed here. Every value keeps a leading axis of size 1 (time), so that layers can be cut
 * out of and stacked into `[layer, lane, ...]` arrays without reshaping. Nodes cost about a microsecond
 * each, so what can be done for all layers at once is done once.
 */
import { GraphBuilder, type TensorTable, type Value } from '../onnx/index.js';
import type { ModelDimensions } from './dimensions.js';
import { hyenaLayers, hyenaStep, shortPast } from './hyena.js';
import { convolutions, convolutionsOf, stateOf } from './kinds.js';
import { embed, head } from './linear.js';
import { geluMlp } from './mlp.js';
import { addAndNorm, norm } from './norm.js';

export interface HeadOptions {
  /** See `head`. */
  readonly fused: boolean;
}

/**
 * - in: `token` `[1, B]` int64, `pending` `[convolution, B, D]`, the state's tensors (see `StateTensor`)
 * - out: `logits` `[1, B, V]`, `y` `[convolution, B, D]`, the state's newest, `hidden` `[1, B, D]` (what the head
 *   reads)
 */
export function stepGraph(model: ModelDimensions, table: TensorTable, { fused }: HeadOptions): Uint8Array {
  const { width, vocabulary } = model;
  const layers = hyenaLayers(model);
  const count = convolutions(layers);
  const g = new GraphBuilder('step', table);
  const token = g.input('token', 'int64', [1, 'lane']);
  const pending = unstack(g, g.input('pending', 'float32', [count, 'lane', width]), count);
  const [short] = stateOf(layers, width);
  const age = (n: number): Value =>
    g.input(`short_${n}`, 'float32', [short.dims[0], 'lane', ...short.dims.slice(1)]);
  const newer = age(1);
  const pasts = unstack(g, shortPast(g, age(2), newer), short.dims[0]);
  const newest: Value[] = [];
  const ys: Value[] = [];

  let x = embed(g, token);
  let normalised = norm(g, layers[0].norm, x, 'layers.0.norm1');
  for (const [l, layer] of layers.entries()) {
    const mixed = hyenaStep(g, layer.mixer, l, normalised, {
      past: pasts[short.places[l]],
      pending: pending.slice(ys.length, ys.length + convolutionsOf(layer)),
      convolution: ys.length,
    });
    newest.push(mixed.short);
    ys.push(...mixed.inputs);
    const middle = addAndNorm(g, layer.norm, x, mixed.branch, `layers.${l}.norm2`);
    const branch = geluMlp(g, l, middle.normalised);
    const last = l + 1 === layers.length;
    ({ x, normalised } = last
      ? addAndNorm(g, model.norm, middle.x, branch, 'norm_f', 'hidden')
      : addAndNorm(g, layers[l + 1].norm, middle.x, branch, `layers.${l + 1}.norm1`));
  }

  head(g, normalised, fused, 'logits');
  g.output('logits', 'float32', [1, 'lane', vocabulary]);
  g.output('hidden', 'float32', [1, 'lane', width]);
  stack(g, ys, 'y');
  g.output('y', 'float32', [count, 'lane', width]);
  stack(g, newest, 'short_0');
  g.output('short_0', 'float32', [short.dims[0], 'lane', ...short.dims.slice(1)]);
  return g.encode();
}

/** `[n, ...]` -> n values `[1, ...]`. */
function unstack(g: GraphBuilder, stacked: Value, n: number): readonly Value[] {
  if (n === 1) return [stacked];
  const names = Array.from({ length: n }, () => g.fresh('unstacked'));
  return g.nodeOf('Split', [stacked], names, { attributes: { axis: 0, num_outputs: n } });
}

/** n values `[1, ...]` -> `[n, ...]`. */
function stack(g: GraphBuilder, values: readonly Value[], result: Value): void {
  g.node('Concat', values, { attributes: { axis: 0 } }, result);
}
